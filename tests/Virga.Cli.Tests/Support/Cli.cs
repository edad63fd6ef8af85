using System.Text;
using Virga.Configuration;

namespace Virga.Cli.Tests.Support;

/// <summary>Runs command lines in this process, with streams, environment variables and a folder of their own.</summary>
internal sealed class Cli(string directory, params (string Name, string Value)[] variables)
{
    public NodeOptions? Started { get; private set; }

    public string Input { get; init; } = "";

    public Task<CliRun> RunAsync(params string[] arguments) => RunUntilStoppedAsync(arguments, TestContext.Current.CancellationToken);

    public async Task<CliRun> RunUntilStoppedAsync(string[] arguments, CancellationToken cancellation)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var raw = new MemoryStream();
        var terminal = new Terminal
        {
            Out = output,
            Error = error,
            OpenOutput = () => new UnclosedStream(raw),
            OpenInput = () => new MemoryStream(Encoding.UTF8.GetBytes(Input)),
            Variable = name => variables.LastOrDefault(variable => variable.Name == name).Value,
            Directory = directory,
        };
        var up = UpCommand.Make(terminal, (options, _) =>
        {
            Started = options;
            return Task.FromResult(ExitCode.Ok);
        });
        var code = await CommandLine.RunAsync(arguments, up, terminal, cancellation);
        return new CliRun(code, output.ToString() + Encoding.UTF8.GetString(raw.ToArray()), error.ToString());
    }

    private sealed class UnclosedStream(MemoryStream inner) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => inner.Position = value; }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);
    }
}
