using Virga.Core.Names;
using Virga.Telemetry.Files;

namespace Virga.Telemetry.Logs;

/// <summary>Finds the logs that an earlier run left behind.</summary>
internal static class LogFolders
{
    /// <summary>Every function that has a folder <c>tenant/namespace/name</c>; other folders are left alone.</summary>
    public static IEnumerable<FunctionName> Find(string directory) =>
        from tenant in Names(directory)
        from space in Names(Path.Combine(directory, tenant.Value))
        from name in Names(Path.Combine(directory, tenant.Value, space.Value))
        select new FunctionName(tenant, space, name);

    /// <summary>When a log was written last, in Unix milliseconds; 0 when it has no files.</summary>
    public static long LastWritten(string folder) => Segment.List(folder) is [.., var last]
        ? new DateTimeOffset(File.GetLastWriteTimeUtc(last.Path), TimeSpan.Zero).ToUnixTimeMilliseconds()
        : 0;

    private static IEnumerable<ResourceName> Names(string directory)
    {
        if (!Directory.Exists(directory))
        {
            yield break;
        }

        foreach (var folder in Directory.EnumerateDirectories(directory))
        {
            if (ResourceName.TryParse(Path.GetFileName(folder), out var name))
            {
                yield return name;
            }
        }
    }
}
