using System.Diagnostics;
using System.Globalization;

namespace Virga.Telemetry.Metrics;

/// <summary>The node's own process and its .NET runtime.</summary>
internal static class ProcessMetrics
{
    public static void Write(PrometheusWriter writer)
    {
        using var process = Process.GetCurrentProcess();
        One(writer, "process_cpu_seconds_total", MetricKind.Counter, "CPU time of the node.", process.TotalProcessorTime.TotalSeconds);
        One(writer, "process_resident_memory_bytes", MetricKind.Gauge, "Resident memory of the node.", process.WorkingSet64);
        One(writer, "process_threads", MetricKind.Gauge, "Threads of the node.", process.Threads.Count);
        One(writer, "process_open_fds", MetricKind.Gauge, "Open file descriptors of the node.", Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        One(writer, "process_start_time_seconds", MetricKind.Gauge, "When the node started, in Unix seconds.", new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0);
        One(writer, "dotnet_gc_heap_bytes", MetricKind.Gauge, "Size of the managed heap, with what is free in it.", GC.GetTotalMemory(forceFullCollection: false));
        One(writer, "dotnet_gc_committed_bytes", MetricKind.Gauge, "Memory that the collector holds.", GC.GetGCMemoryInfo().TotalCommittedBytes);
        One(writer, "dotnet_gc_allocated_bytes_total", MetricKind.Counter, "Bytes allocated since the start.", GC.GetTotalAllocatedBytes());
        One(writer, "dotnet_gc_pause_seconds_total", MetricKind.Counter, "Time for which collections paused the node.", GC.GetTotalPauseDuration().TotalSeconds);
        writer.Family("dotnet_gc_collections_total", MetricKind.Counter, "Collections by generation.");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            writer.Sample("dotnet_gc_collections_total", LabelText.Of("generation", generation.ToString(CultureInfo.InvariantCulture)), GC.CollectionCount(generation));
        }

        One(writer, "dotnet_threadpool_threads", MetricKind.Gauge, "Threads of the thread pool.", ThreadPool.ThreadCount);
        One(writer, "dotnet_threadpool_queue_length", MetricKind.Gauge, "Work that waits for a thread.", ThreadPool.PendingWorkItemCount);
        One(writer, "dotnet_lock_contentions_total", MetricKind.Counter, "Times that a thread waited for a lock.", Monitor.LockContentionCount);
    }

    private static void One(PrometheusWriter writer, string name, MetricKind kind, string help, double value)
    {
        writer.Family(name, kind, help);
        writer.Sample(name, "", value);
    }
}
