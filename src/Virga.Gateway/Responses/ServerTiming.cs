using System.Globalization;
using Virga.Core.Invocations;

namespace Virga.Gateway.Responses;

/// <summary>The <c>Server-Timing</c> header (W3C Server Timing): durations in milliseconds with three decimals.</summary>
internal static class ServerTiming
{
    // Three names and three durations; the longest possible duration has 19 digits.
    private const int MaxLength = 128;

    public static string Format(in InvocationTiming timing)
    {
        Span<char> buffer = stackalloc char[MaxLength];
        var length = 0;
        Append(buffer, ref length, "queue;dur=", timing.Queue);
        Append(buffer, ref length, ", start;dur=", timing.Start);
        Append(buffer, ref length, ", run;dur=", timing.Run);
        return new string(buffer[..length]);
    }

    private static void Append(Span<char> buffer, ref int length, string label, TimeSpan duration)
    {
        label.CopyTo(buffer[length..]);
        length += label.Length;
        var (milliseconds, microseconds) = Math.DivRem(Math.Max(0, duration.Ticks / TimeSpan.TicksPerMicrosecond), 1000);
        milliseconds.TryFormat(buffer[length..], out var written, default, CultureInfo.InvariantCulture);
        length += written;
        if (microseconds != 0)
        {
            buffer[length++] = '.';
            buffer[length++] = (char)('0' + (microseconds / 100));
            buffer[length++] = (char)('0' + (microseconds / 10 % 10));
            buffer[length++] = (char)('0' + (microseconds % 10));
        }
    }
}
