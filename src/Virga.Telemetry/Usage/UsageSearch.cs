using System.Text;
using System.Text.Json;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Telemetry.Files;

namespace Virga.Telemetry.Usage;

/// <summary>Finds records in the files, and among the failures that are kept in memory.</summary>
internal sealed class UsageSearch(UsageOptions options, byte[][] failures)
{
    // What every record begins with.
    private const string Opening = "{\"id\":\"";

    /// <summary>The newest records of a function that match, newest first.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Recent(FunctionName function, UsageQuery query, CancellationToken cancellation)
    {
        var found = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        // A search for bytes is many times faster than reading JSON, and most lines are of other functions.
        var mark = Encoding.UTF8.GetBytes($"\"function\":\"{function}\"");
        var outcome = query.Outcome is { } wanted ? Encoding.UTF8.GetBytes($"\"outcome\":\"{OutcomeNames.Of(wanted)}\"") : [];
        var since = query.Since?.ToUnixTimeMilliseconds() ?? 0;

        bool IsWanted(ReadOnlySpan<byte> line) =>
            line.IndexOf(mark) >= 0
            && line.IndexOf(outcome) >= 0
            && (!query.OnlyFailures || line.IndexOf("\"problem\":{"u8) >= 0)
            && IsWhole(line)
            && InvocationId.TryParse(IdOf(line), out var id)
            && id.UnixMilliseconds >= since;

        foreach (var failure in failures.Where(failure => IsWanted(failure)))
        {
            found[IdOf(failure)] = failure;
        }

        // Failures in memory may be missing in the files or stand there as well: so many more are read than may be left over.
        var more = query.Limit + found.Count;
        SegmentScan.Backwards(
            options.Directory,
            SegmentPosition.End,
            since,
            options.MaxScanBytes,
            line =>
            {
                if (IsWanted(line.Span) && found.TryAdd(IdOf(line.Span), line.ToArray()))
                {
                    more--;
                }

                return more > 0;
            },
            cancellation);
        return [.. found.OrderByDescending(static record => record.Key, StringComparer.Ordinal).Take(query.Limit).Select(static record => record.Value)];
    }

    /// <summary>The record of one invocation, or null.</summary>
    public ReadOnlyMemory<byte>? Find(InvocationId id, CancellationToken cancellation)
    {
        var mark = Encoding.UTF8.GetBytes($"{{\"id\":\"{id}\"");
        if (Array.Find(failures, failure => failure.AsSpan().StartsWith(mark)) is { } failure)
        {
            return failure;
        }

        // A record is written when its invocation has ended: not before its id was made.
        ReadOnlyMemory<byte>? found = null;
        SegmentScan.Backwards(
            options.Directory,
            SegmentPosition.End,
            id.UnixMilliseconds,
            long.MaxValue,
            line =>
            {
                if (line.Span.StartsWith(mark) && IsWhole(line.Span))
                {
                    found = line.ToArray();
                }

                return found is null;
            },
            cancellation);
        return found;
    }

    private static string IdOf(ReadOnlySpan<byte> line) =>
        line.Length < Opening.Length + InvocationId.TextLength ? "" : Encoding.ASCII.GetString(line.Slice(Opening.Length, InvocationId.TextLength));

    // A crash may have cut it in two.
    private static bool IsWhole(ReadOnlySpan<byte> line)
    {
        try
        {
            var json = new Utf8JsonReader(line);
            return json.Read() && json.TrySkip() && !json.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
