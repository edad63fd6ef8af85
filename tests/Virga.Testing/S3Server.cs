using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Virga.Testing;

/// <summary>An S3 server of the tests' own (npm's s3rver): in a temporary folder, on a free loopback port.</summary>
public sealed class S3Server : IAsyncDisposable
{
    /// <summary>Its one bucket.</summary>
    public const string Bucket = "ledgers";

    /// <summary>The name of its one key.</summary>
    public const string AccessKey = "S3RVER";

    /// <summary>The key.</summary>
    public const string SecretKey = "S3RVER";

    private readonly string _folder = Directory.CreateTempSubdirectory("virga-s3-").FullName;
    private readonly int _port = FreePort();
    private Process? _process;

    private S3Server()
    {
    }

    /// <summary>Where it is.</summary>
    public Uri Endpoint => new($"http://127.0.0.1:{_port}");

    /// <summary>Starts one.</summary>
    public static async Task<S3Server> StartAsync()
    {
        var server = new S3Server();
        await server.ResumeAsync();
        return server;
    }

    /// <summary>Kills it, and keeps its files.</summary>
    public async Task CrashAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Starts it again with the files that it has.</summary>
    public async Task ResumeAsync()
    {
        var folder = Path.Combine(SourceFolder(), "tests", "Virga.Testing", "S3");
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
        {
            throw new InvalidOperationException($"The S3 server is not installed. Run ./dev setup, or: npm ci --prefix {folder}.");
        }

        _process = Process.Start(new ProcessStartInfo("node", ["--no-deprecation", Path.Combine(folder, "server.mjs"), _folder, $"{_port}", Bucket]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = _process.StandardError.ReadToEndAsync();
        if (await _process.StandardOutput.ReadLineAsync() is not "ready")
        {
            throw new InvalidOperationException($"The S3 server did not start: {await errors}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CrashAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string SourceFolder()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "virga.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run in their repository.");
        }

        return folder;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
