using System.Globalization;

namespace Virga.Execution.Scaling;

/// <summary>How busy the machine's processors are, from <c>/proc/stat</c>: see proc(5).</summary>
internal sealed class ProcessorLoad
{
    // From here on, another instance takes its time from those that run.
    private const double Busy = 0.9;

    private const int IdleField = 3;
    private const int InputOutputWaitField = 4;
    private const int CountedFields = 8;

    private (long Busy, long All) _last = Read();
    private volatile bool _isBusy;
    private double _use;

    /// <summary>Whether the processors had hardly any time left between the last two samples.</summary>
    public bool IsBusy => _isBusy;

    /// <summary>Which part of the processors was in use between the last two samples, 0 to 1.</summary>
    public double Use => Volatile.Read(ref _use);

    /// <summary>Takes a sample; about once a second.</summary>
    public void Sample()
    {
        var now = Read();
        var all = now.All - _last.All;
        _isBusy = all > 0 && now.Busy - _last.Busy > all * Busy;
        Volatile.Write(ref _use, all > 0 ? (double)(now.Busy - _last.Busy) / all : 0);
        _last = now;
    }

    private static (long Busy, long All) Read()
    {
        using var stat = new StreamReader("/proc/stat");
        var fields = stat.ReadLine()!.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..];
        long busy = 0;
        long all = 0;
        for (var i = 0; i < Math.Min(fields.Length, CountedFields); i++)
        {
            var ticks = long.Parse(fields[i], CultureInfo.InvariantCulture);
            all += ticks;
            busy += i is IdleField or InputOutputWaitField ? 0 : ticks;
        }

        return (busy, all);
    }
}
