// Drawn, because fonts without these signs show empty boxes.
const paths = {
  play: 'M4 2.5v11l9-5.5z',
  pause: 'M4 3h3v10H4zM9 3h3v10H9z',
  step: 'M3 2.5v11l7-5.5zM11 3h2v10h-2z',
  reset: 'M8 2.5a5.5 5.5 0 1 1-5.2 3.7l1.6.6A3.8 3.8 0 1 0 8 4.2V6.5L4.2 3.4 8 .3z',
} as const;

export function Icon({ name }: { name: keyof typeof paths }) {
  return <svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d={paths[name]} fill="currentColor" /></svg>;
}
