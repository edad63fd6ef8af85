using Virga.Functions;
using Virga.Worker.Channel;

namespace Virga.Worker.Logs;

/// <summary>What one call prints, until its lines are complete.</summary>
internal sealed class CallPrints(FrameWriter writer, uint call)
{
    private readonly LineBuffer output = new(writer, call, LogLevel.Info);
    private readonly LineBuffer error = new(writer, call, LogLevel.Error);
    private volatile bool hasAny;

    public void Print(bool isError, ReadOnlySpan<char> text)
    {
        hasAny = true;
        (isError ? error : output).Append(text);
    }

    /// <summary>Sends lines that were begun and never ended.</summary>
    public void FlushIfAny()
    {
        if (hasAny)
        {
            output.Flush();
            error.Flush();
        }
    }
}
