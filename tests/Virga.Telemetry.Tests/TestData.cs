using Virga.Core.Invocations;
using Virga.Core.Logging;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Telemetry.Tests;

/// <summary>A data folder of its own, a clock that the test moves, and lines and records to put into the stores.</summary>
internal sealed class TestData : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("virga-telemetry-").FullName;

    public ManualTime Time { get; } = new();

    public static FunctionVersion Version(string name = "hello") => new()
    {
        Name = new FunctionName(ResourceName.Default, ResourceName.Default, ResourceName.Parse(name)),
        Version = 3,
        Spec = new FunctionSpec { Environment = "node", Package = "sha256:" + new string('0', 64) },
        BuiltPackage = "sha256:" + new string('0', 64),
    };

    public FunctionLogLine Line(FunctionVersion function, string message, InvocationId? id = null, FunctionLogLevel level = FunctionLogLevel.Info, string? fields = null) =>
        new(Time.GetUtcNow(), function, "i-1", id, level, message, fields);

    public InvocationRecord Record(FunctionVersion function, Outcome outcome = Outcome.Result, Problem? problem = null, double milliseconds = 1.5) => new()
    {
        Id = InvocationId.New(Time),
        Function = function,
        Trigger = Trigger.Http,
        Outcome = outcome,
        Status = problem?.Status ?? 200,
        Problem = problem,
        Instance = "i-1",
        Timing = new InvocationTiming(StartKind.Warm, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromMilliseconds(milliseconds)),
        Duration = TimeSpan.FromMilliseconds(milliseconds),
        CpuTime = TimeSpan.FromMilliseconds(1),
        PeakMemoryBytes = 40 << 20,
        BytesIn = 10,
        BytesOut = 20,
    };

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
