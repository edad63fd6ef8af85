using System.Buffers;
using System.Globalization;
using Virga.Core.Problems;
using Virga.State.Binary;

namespace Virga.Composition.Dags.Messages;

/// <summary>The binary form of a problem. Further members go as text.</summary>
internal static class ProblemForm
{
    public static void Write(IBufferWriter<byte> output, Problem problem)
    {
        output.WriteText(problem.Type);
        output.WriteText(problem.Title);
        output.WriteVarint((ulong)problem.Status);
        output.WriteByte((byte)problem.Fault);
        output.WriteText(problem.Detail ?? "");
        output.WriteText(problem.Fix ?? "");
        output.WriteVarint((ulong)(problem.RetryAfter?.Ticks ?? 0));
        output.WriteVarint((ulong)(problem.Extensions?.Count ?? 0));
        foreach (var (name, value) in problem.Extensions ?? new Dictionary<string, object?>(StringComparer.Ordinal))
        {
            output.WriteText(name);
            output.WriteText(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
        }
    }

    /// <exception cref="StateEncodingException">It is none.</exception>
    public static Problem Read(ref ByteReader reader)
    {
        var (type, title, status) = (reader.ReadText(), reader.ReadText(), (int)Math.Min(reader.ReadVarint(), 599));
        var (fault, detail, fix) = ((Fault)reader.ReadByte(), reader.ReadText(), reader.ReadText());
        var retryAfter = TimeSpan.FromTicks((long)Math.Min(reader.ReadVarint(), (ulong)TimeSpan.FromDays(1).Ticks));
        var extensions = new Dictionary<string, object?>(StringComparer.Ordinal);
        for (var left = reader.ReadCount(2); left > 0; left--)
        {
            extensions[reader.ReadText()] = reader.ReadText();
        }

        return new Problem
        {
            Type = type.StartsWith(Problem.TypePrefix, StringComparison.Ordinal) ? type : Problem.TypePrefix + "internal",
            Title = title,
            Status = Math.Max(400, status),
            Fault = Enum.IsDefined(fault) ? fault : Fault.Platform,
            Detail = detail.Length == 0 ? null : detail,
            Fix = fix.Length == 0 ? null : fix,
            RetryAfter = retryAfter == TimeSpan.Zero ? null : retryAfter,
            Extensions = extensions.Count == 0 ? null : extensions,
        };
    }
}
