import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

export type Paint = (context: CanvasRenderingContext2D, width: number, height: number) => void;

/**
 * A canvas that paints itself: again whenever a signal that `paint` reads has changed, at most once a frame, and when its
 * size changes. Preact never touches what is on it.
 */
export function Canvas({ paint, ratio, label }: { paint: Paint; /** Height / width. */ ratio: number; label: string }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext('2d');
    if (!canvas || !context) return undefined;
    let frame = 0;
    let stop = (): void => undefined;
    const draw = (): void => {
      frame = 0;
      const width = canvas.clientWidth;
      const height = canvas.clientHeight;
      const scale = devicePixelRatio;
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      context.setTransform(scale, 0, 0, scale, 0, 0);
      stop();
      let first = true;
      stop = effect(() => {
        // The first run paints and notes what was read; a later one only asks for a frame.
        if (first) paint(context, width, height);
        else ask();
        first = false;
      });
    };
    const ask = (): void => { frame ||= requestAnimationFrame(draw); };
    const observer = new ResizeObserver(ask);
    observer.observe(canvas);
    return () => {
      observer.disconnect();
      cancelAnimationFrame(frame);
      stop();
    };
  }, [paint, ratio]);
  return <canvas ref={ref} role="img" aria-label={label} style={{ aspectRatio: String(1 / ratio) }} />;
}
