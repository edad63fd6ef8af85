using System.Globalization;

namespace Virga.Execution.Sandboxes;

/// <summary>The machine's swap, all devices and files together.</summary>
internal sealed record SwapSpace(long TotalBytes, long FreeBytes)
{
    /// <summary>What there is now; none where the kernel does not say.</summary>
    internal static SwapSpace Read()
    {
        try
        {
            return Parse(File.ReadAllLines("/proc/swaps"));
        }
        catch (IOException)
        {
            return new SwapSpace(0, 0);
        }
    }

    /// <summary>Reads the format of <c>/proc/swaps</c>, see swapon(8): a line of titles, then name, type, size, used (in KiB) and priority.</summary>
    internal static SwapSpace Parse(IEnumerable<string> lines)
    {
        const int size = 2;
        const int used = 3;
        long total = 0;
        long free = 0;
        foreach (string line in lines.Skip(1))
        {
            string[] columns = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            long bytes = Kibibytes(columns[size]);
            total += bytes;
            free += bytes - Kibibytes(columns[used]);
        }

        return new SwapSpace(total, free);
    }

    private static long Kibibytes(string number) => long.Parse(number, CultureInfo.InvariantCulture) << 10;
}
