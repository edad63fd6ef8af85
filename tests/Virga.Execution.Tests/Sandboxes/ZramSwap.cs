using System.Diagnostics;
using System.Globalization;

namespace Virga.Execution.Tests.Sandboxes;

/// <summary>Swap in compressed memory for as long as a class of tests runs, where the machine lets us make it.</summary>
public sealed class ZramSwap : IAsyncLifetime
{
    private const string Control = "/sys/class/zram-control";

    private int? _device;

    /// <summary>Why there is none; null when there is.</summary>
    internal string? Missing { get; private set; }

    public async ValueTask InitializeAsync()
    {
        try
        {
            _device = int.Parse(await File.ReadAllTextAsync($"{Control}/hot_add", TestContext.Current.CancellationToken), CultureInfo.InvariantCulture);
            await File.WriteAllTextAsync($"/sys/block/zram{_device}/disksize", "512M", TestContext.Current.CancellationToken);
            await RunAsync("/sbin/mkswap", $"/dev/zram{_device}");
            await RunAsync("/sbin/swapon", "-p", "100", $"/dev/zram{_device}");
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            Missing = $"needs a swap device of its own: {refusal.Message}";
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_device is not { } device)
        {
            return;
        }

        if (Missing is null)
        {
            await RunAsync("/sbin/swapoff", $"/dev/zram{device}");
        }

        await File.WriteAllTextAsync($"/sys/block/zram{device}/reset", "1", CancellationToken.None);
        await File.WriteAllTextAsync($"{Control}/hot_remove", device.ToString(CultureInfo.InvariantCulture), CancellationToken.None);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {errors}");
        }
    }
}
