using System.Text;
using System.Text.Json;
using Virga.Core.Logging;
using Virga.Core.Names;

namespace Virga.Telemetry.Logs;

/// <summary>Decides on lines, as they stand in the files, whether a <see cref="LogQuery"/> wants them.</summary>
internal sealed class LogFilter
{
    // Lines are stamped by the threads that read the workers, and may change places on their way into the file.
    private static readonly TimeSpan Disorder = TimeSpan.FromSeconds(10);

    private readonly LogQuery _query;
    private readonly byte[]? _invocation;
    private readonly DateTimeOffset _nothingBefore;

    public LogFilter(LogQuery query)
    {
        _query = query;
        var since = query.Since ?? DateTimeOffset.MinValue;
        if (query.Invocation is { } id)
        {
            _invocation = new byte[InvocationId.TextLength];
            id.Format(_invocation);
            // A call prints nothing before its id was made.
            var made = DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(id.UnixMilliseconds, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));
            since = since > made ? since : made;
        }

        _nothingBefore = since > DateTimeOffset.MinValue + Disorder ? since - Disorder : DateTimeOffset.MinValue;
    }

    /// <summary>Whether the line is wanted; <paramref name="isTooOld"/> says that no older line can be wanted either.</summary>
    public bool Matches(ReadOnlySpan<byte> line, out bool isTooOld)
    {
        isTooOld = false;
        try
        {
            return Read(line, out isTooOld);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            // Cut in two by a crash.
            return false;
        }
    }

    private bool Read(ReadOnlySpan<byte> line, out bool isTooOld)
    {
        isTooOld = false;
        var (level, isOfInvocation, contains) = (FunctionLogLevel.Info, _invocation is null, _query.Contains is null);
        var isInTime = false;
        var json = new Utf8JsonReader(line);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("time"u8))
            {
                json.Read();
                var time = json.GetDateTimeOffset();
                isTooOld = time < _nothingBefore;
                isInTime = _query.Since is not { } since || time >= since;
            }
            else if (json.ValueTextEquals("invocation"u8))
            {
                json.Read();
                isOfInvocation |= json.ValueTextEquals(_invocation);
            }
            else if (json.ValueTextEquals("level"u8))
            {
                json.Read();
                level = LogLineFormat.TryParseLevel(json.ValueSpan, out var known) ? known : level;
            }
            else if (json.ValueTextEquals("message"u8))
            {
                json.Read();
                contains |= _query.Contains is { } part && json.GetString()!.Contains(part, StringComparison.OrdinalIgnoreCase);
            }
            else if (json.ValueTextEquals("fields"u8))
            {
                json.Read();
                var from = (int)json.TokenStartIndex;
                json.Skip();
                contains |= _query.Contains is { } part
                    && Encoding.UTF8.GetString(line[from..(int)json.BytesConsumed]).Contains(part, StringComparison.OrdinalIgnoreCase);
            }
            else
            {
                json.Skip();
            }
        }

        // The reader throws on a line that ends too early, once it is read to its end.
        json.Read();
        return isInTime && isOfInvocation && contains && level >= _query.Level;
    }
}
