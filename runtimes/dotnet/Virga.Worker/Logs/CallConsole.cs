using System.Text;
using Virga.Worker.Calls;
using Virga.Worker.Channel;

namespace Virga.Worker.Logs;

/// <summary>The console of user code: what is printed becomes log lines of the call that printed it.</summary>
internal sealed class CallConsole(bool isError, CallPrints outsideCalls) : TextWriter
{
    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Replaces the process's console.</summary>
    public static void Install(FrameWriter writer)
    {
        var outsideCalls = new CallPrints(writer, call: 0);
        Console.SetOut(new CallConsole(isError: false, outsideCalls) { NewLine = "\n" });
        Console.SetError(new CallConsole(isError: true, outsideCalls) { NewLine = "\n" });
    }

    public override void Write(char value) => Print([value]);

    public override void Write(char[] buffer, int index, int count) => Print(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Print(buffer);

    public override void Write(string? value) => Print(value);

    public override void WriteLine(string? value) => Print(value + "\n");

    private void Print(ReadOnlySpan<char> text) => (Call.Current?.Prints ?? outsideCalls).Print(isError, text);
}
