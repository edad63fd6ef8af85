using System.Globalization;

namespace Virga.Telemetry.Files;

/// <summary>One file of a <see cref="SegmentedFile"/>, named after the time at which it was begun.</summary>
/// <param name="Start">When it was begun, in Unix milliseconds; unique and increasing within its folder.</param>
/// <param name="Path">Where it is.</param>
/// <param name="Bytes">Its size when it was listed.</param>
internal readonly record struct Segment(long Start, string Path, long Bytes)
{
    private const string Extension = ".ndjson";

    /// <summary>The segments of a folder, oldest first; none when there is no such folder. Other files are left alone.</summary>
    public static List<Segment> List(string folder)
    {
        var segments = new List<Segment>();
        var directory = new DirectoryInfo(folder);
        if (!directory.Exists)
        {
            return segments;
        }

        foreach (var file in directory.EnumerateFiles("*" + Extension))
        {
            // Asking whether it exists also reads its size, so that a file which is pruned meanwhile makes no difference.
            if (file.Exists && long.TryParse(System.IO.Path.GetFileNameWithoutExtension(file.Name), NumberStyles.None, CultureInfo.InvariantCulture, out var start))
            {
                segments.Add(new Segment(start, file.FullName, file.Length));
            }
        }

        segments.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        return segments;
    }

    /// <summary>The segment that begins at a time, whether or not its file exists.</summary>
    public static Segment At(string folder, long start) =>
        new(start, System.IO.Path.Combine(folder, start.ToString("D14", CultureInfo.InvariantCulture) + Extension), 0);
}
