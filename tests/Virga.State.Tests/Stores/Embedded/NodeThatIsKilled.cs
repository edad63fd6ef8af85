using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.State.Logs;
using Virga.State.Mutations;
using Virga.State.Stores.Embedded;
using Virga.State.Time;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Stores.Embedded;

/// <summary>A store in a process of its own: this test assembly, started once more with only this in it. It writes until it is killed, and says what was acknowledged.</summary>
public sealed class NodeThatIsKilled
{
    public const int Writers = 8;

    private const string FolderVariable = "VIRGA_TEST_STATE";

    /// <summary>The host program of the runtime that runs these tests: DOTNET/shared/FRAMEWORK/VERSION/../../../dotnet.</summary>
    private static string DotnetProgram => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));

    internal static Process Start(string folder)
    {
        string[] arguments = [typeof(NodeThatIsKilled).Assembly.Location, "-explicit", "only", "-method", $"{typeof(NodeThatIsKilled).FullName}.{nameof(It_writes_until_it_is_killed)}"];
        var start = new ProcessStartInfo(DotnetProgram, arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment[FolderVariable] = folder;
        return Process.Start(start)!;
    }

    [Fact(Explicit = true)]
    public async Task It_writes_until_it_is_killed()
    {
        using var output = Console.OpenStandardOutput();

        // A small log: there is a checkpoint ten times in a second.
        var options = new EmbeddedStateOptions { Directory = Environment.GetEnvironmentVariable(FolderVariable)!, Durability = Durability.Sync, MaxLogBytes = 1000 };
        Say(output, "opening");
        await using var store = new EmbeddedStateStore(options, new HybridClock(TimeProvider.System), TimeProvider.System, NullLogger<EmbeddedStateStore>.Instance);
        await store.OpenAsync(TestContext.Current.CancellationToken);
        Say(output, "open");
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            while (true)
            {
                var record = await store.ApplyAsync(Key($"counter-{writer}"), new IncrementMutation(1), null, CancellationToken.None);
                var count = CountOf(record);
                await store.ApplyAsync(Key($"value-{writer}"), Put(count.ToString(CultureInfo.InvariantCulture)), null, CancellationToken.None);
                Say(output, $"acknowledged {writer} {count}");
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
