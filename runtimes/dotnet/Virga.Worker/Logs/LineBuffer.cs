using System.Text;
using Virga.Functions;
using Virga.Worker.Channel;

namespace Virga.Worker.Logs;

/// <summary>Gathers prints to whole lines, so that a log line is what the user printed as one.</summary>
internal sealed class LineBuffer(FrameWriter writer, uint call, LogLevel level)
{
    private readonly StringBuilder pending = new();
    private readonly Lock gate = new();

    public void Append(ReadOnlySpan<char> text)
    {
        lock (gate)
        {
            int lastBreak = text.LastIndexOf('\n');
            if (lastBreak >= 0)
            {
                pending.Append(text[..lastBreak]);
                SendPending();
                text = text[(lastBreak + 1)..];
            }

            pending.Append(text);
            if (pending.Length >= LogFrame.GreatestText)
            {
                SendPending();
            }
        }
    }

    public void Flush()
    {
        lock (gate)
        {
            if (pending.Length > 0)
            {
                SendPending();
            }
        }
    }

    private void SendPending()
    {
        string lines = pending.ToString();
        pending.Clear();
        for (int start = 0; start < lines.Length || start == 0; start += LogFrame.GreatestText)
        {
            LogFrame.Send(writer, call, level, lines.AsSpan(start, Math.Min(LogFrame.GreatestText, lines.Length - start)));
        }
    }
}
