-- Prints what wrk measured as one line of JSON: its own report rounds.
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"p50":%.1f,"p99":%.1f,"requests":%d,"microseconds":%d,"failed":%d}\n',
    latency:percentile(50), latency:percentile(99), summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
