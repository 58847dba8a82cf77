/** What `trainer.evaluate` can measure: `trainer.evaluate(data, { metrics: [metrics.f1(), metrics.topK(5)] })`. */
export { accuracy, confusionMatrix, f1, mae, perplexity, precision, r2, recall, topK, type AverageOptions, type Metric, type MetricValue } from './metrics.ts';
