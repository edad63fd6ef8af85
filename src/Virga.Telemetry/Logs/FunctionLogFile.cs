using System.Buffers;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Telemetry.Files;

namespace Virga.Telemetry.Logs;

/// <summary>
/// The log of one function. <see cref="Rate"/> and the count of dropped lines are used by whoever writes; all else belongs to the loop of the store.
/// </summary>
internal sealed class FunctionLogFile(FunctionName function, SegmentedFile file, RateBound rate)
{
    private long _dropped;

    public FunctionName Function { get; } = function;

    public SegmentedFile File { get; } = file;

    public RateBound Rate { get; } = rate;

    /// <summary>The version that logged last, in whose name dropped lines are reported.</summary>
    public FunctionVersion? LastVersion { get; set; }

    /// <summary>When it was written last, in Unix milliseconds.</summary>
    public long LastWritten { get; set; }

    /// <summary>Encoded lines that are not yet in the file; null when there are none.</summary>
    public ArrayBufferWriter<byte>? Pending { get; set; }

    /// <summary>How many lines <see cref="Pending"/> holds.</summary>
    public int PendingLines { get; set; }

    /// <summary>Who follows the log.</summary>
    public List<LogTail> Tails { get; } = [];

    /// <summary>Counts lines that are lost; true when they are the first since <see cref="TakeDropped"/>.</summary>
    public bool Drop(long lines) => Interlocked.Add(ref _dropped, lines) == lines;

    /// <summary>How many lines were lost since the last call.</summary>
    public long TakeDropped() => Interlocked.Exchange(ref _dropped, 0);
}
