using System.Diagnostics;
using System.Text.Json;

namespace Virga.Pulsar.Tests.Harness;

/// <summary>npm's pulsar-flex, which publishes and consumes with every subscription type, against a broker of the tests' own.</summary>
public sealed class StockClient : IAsyncLifetime
{
    private TestBroker? _broker;

    /// <summary>What it saw, by the type's name.</summary>
    internal Dictionary<string, StockClientReport> Reports { get; } = new(StringComparer.Ordinal);

    /// <summary>What it complained of.</summary>
    public string Errors { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        var folder = Path.Combine(SourceFolder(), "tests", "Virga.Pulsar.Tests", "StockClient");
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
        {
            throw new InvalidOperationException($"The stock client is not installed. Run ./dev test, or: npm ci --prefix {folder}.");
        }

        _broker = await TestBroker.StartAsync();
        using var process = Process.Start(new ProcessStartInfo("node", [Path.Combine(folder, "client.mjs"), _broker.Address.ToString()]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            var report = JsonSerializer.Deserialize<StockClientReport>(line, JsonSerializerOptions.Web)!;
            Reports.Add(report.Type, report);
        }

        await process.WaitForExitAsync();
        Errors = await errors;
    }

    public async ValueTask DisposeAsync()
    {
        if (_broker is not null)
        {
            await _broker.DisposeAsync();
        }
    }

    private static string SourceFolder()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "virga.slnx")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException("The tests do not run within their repository.");
    }
}
