using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Names;
using Virga.Telemetry.Metering;

namespace Virga.Telemetry.Tests;

/// <summary>A folder that a meter writes to. A copy of it is what the kernel has when the node is killed at that moment.</summary>
internal sealed class MeterFolder(TestData data, string name) : IDisposable
{
    /// <summary>Where the journal notes which start of the machine it is of.</summary>
    public const int BootOffset = 32;

    public const int JournalEntries = 16;

    public string Path { get; } = System.IO.Path.Combine(data.Folder, name);

    public string Journal => System.IO.Path.Combine(Path, "journal");

    public UsageMeter Open(Func<MeteringOptions, MeteringOptions>? change = null)
    {
        var options = new MeteringOptions { Directory = Path, JournalEntries = JournalEntries };
        return new UsageMeter(change?.Invoke(options) ?? options, data.Time, NullLogger<UsageMeter>.Instance);
    }

    public MeterFolder CopyTo(string other)
    {
        var copy = new MeterFolder(data, other);
        CopyFilesTo(copy, "*");
        return copy;
    }

    public void CopyFilesTo(MeterFolder copy, string pattern)
    {
        Directory.CreateDirectory(copy.Path);
        foreach (var file in Directory.EnumerateFiles(Path, pattern))
        {
            File.Copy(file, System.IO.Path.Combine(copy.Path, System.IO.Path.GetFileName(file)), overwrite: true);
        }
    }

    public static UsageReport Report(UsageMeter meter, TestData data, UsageGrouping by = UsageGrouping.Function, ResourceName? function = null) => meter.Report(new UsageReportQuery
    {
        By = by,
        Since = data.Time.GetUtcNow() - TimeSpan.FromDays(500),
        Until = data.Time.GetUtcNow() + TimeSpan.FromDays(1),
        Function = function,
    });

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
