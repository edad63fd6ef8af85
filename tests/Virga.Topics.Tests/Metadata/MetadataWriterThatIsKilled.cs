using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Virga.Topics.Metadata;
using Virga.Topics.Metadata.Sqlite;

namespace Virga.Topics.Tests.Metadata;

/// <summary>The metadata in a process of its own: this test assembly, started once more with only this in it. It writes until it is killed, and says what was acknowledged.</summary>
public sealed class MetadataWriterThatIsKilled
{
    public const int Writers = 8;

    private const string PathVariable = "VIRGA_TEST_TOPICS";

    /// <summary>The host program of the runtime that runs these tests: DOTNET/shared/FRAMEWORK/VERSION/../../../dotnet.</summary>
    private static string DotnetProgram => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));

    internal static Process Start(string path)
    {
        string[] arguments = [typeof(MetadataWriterThatIsKilled).Assembly.Location, "-explicit", "only", "-method", $"{typeof(MetadataWriterThatIsKilled).FullName}.{nameof(It_writes_until_it_is_killed)}"];
        var start = new ProcessStartInfo(DotnetProgram, arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment[PathVariable] = path;
        return Process.Start(start)!;
    }

    [Fact(Explicit = true)]
    public async Task It_writes_until_it_is_killed()
    {
        using var output = Console.OpenStandardOutput();
        await using var metadata = new SqliteTopicMetadata(Environment.GetEnvironmentVariable(PathVariable)!);
        await metadata.OpenAsync(TestContext.Current.CancellationToken);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var version = (await metadata.GetAsync($"writer-{writer}", CancellationToken.None))?.Version ?? 0;
            while (true)
            {
                var value = Encoding.UTF8.GetBytes($"{version}");
                version = (await metadata.WriteAsync([new MetadataWrite($"writer-{writer}", value, version), new MetadataWrite($"twin-{writer}", value, version)], CancellationToken.None))[0];
                Say(output, $"acknowledged {writer} {version}");
            }
        })));
    }

    // One call of the system for each line: no line is torn, whenever the end comes.
    private static void Say(Stream output, string line)
    {
        lock (output)
        {
            output.Write(Encoding.ASCII.GetBytes($"{line}\n"));
        }
    }
}
