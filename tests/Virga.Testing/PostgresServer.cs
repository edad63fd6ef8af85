using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Virga.Testing;

/// <summary>A real PostgreSQL of the tests' own: a new cluster in a temporary folder, on a free loopback port, stopped by its own process id.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Binaries = "/usr/lib/postgresql/15/bin";
    private const string User = "postgres";

    private readonly string _folder;
    private readonly int _port;
    private Process? _process;

    private PostgresServer(string folder, int port)
    {
        _folder = folder;
        _port = port;
    }

    /// <summary>How clients reach its first database, as a URL.</summary>
    public string Url => $"postgres://{User}@127.0.0.1:{_port}/postgres";

    /// <summary>How Npgsql reaches its first database.</summary>
    public string ConnectionString => $"Host=127.0.0.1;Port={_port};Username={User};Database=postgres;Timeout=5;Command Timeout=30";

    /// <summary>Makes a cluster and starts it.</summary>
    /// <param name="settings">Further settings, such as <c>max_connections=50</c>.</param>
    public static async Task<PostgresServer> StartAsync(params string[] settings)
    {
        if (!Directory.Exists(Binaries))
        {
            throw new InvalidOperationException("PostgreSQL 15 is not installed. Run ./dev setup, or: apt-get install postgresql-15.");
        }

        var folder = Directory.CreateTempSubdirectory("virga-postgres-").FullName;
        var server = new PostgresServer(folder, FreePort());
        if (Environment.UserName == "root")
        {
            await RunAsync("chown", User, folder);
        }

        await RunAsPostgresAsync($"{Binaries}/initdb", "-D", Path.Combine(folder, "data"), "-U", User, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync");
        await File.WriteAllTextAsync(
            Path.Combine(folder, "virga.conf"),
            $"""
            listen_addresses = '127.0.0.1'
            port = {server._port}
            unix_socket_directories = ''
            shared_buffers = 64MB
            {string.Join('\n', settings)}
            """);
        await File.AppendAllTextAsync(Path.Combine(folder, "data", "postgresql.conf"), $"\ninclude '{Path.Combine(folder, "virga.conf")}'\n");
        await server.ResumeAsync();
        return server;
    }

    /// <summary>A new, empty database of its own; gives its connection string.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test_{Guid.NewGuid():n}";
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await command.ExecuteNonQueryAsync();
        return $"Host=127.0.0.1;Port={_port};Username={User};Database={name};Timeout=5;Command Timeout=30";
    }

    /// <summary>The URL of a database that <see cref="CreateDatabaseAsync"/> made.</summary>
    public string UrlOf(string connectionString) => $"postgres://{User}@127.0.0.1:{_port}/{new NpgsqlConnectionStringBuilder(connectionString).Database}";

    /// <summary>Stops it as a power cut would, and keeps its files.</summary>
    public async Task CrashAsync()
    {
        await SignalAsync("-QUIT");
    }

    /// <summary>Starts it again with the files that it has, and waits until it answers.</summary>
    public async Task ResumeAsync()
    {
        var start = Command($"{Binaries}/postgres", ["-D", Path.Combine(_folder, "data")]);
        start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        var errors = _process.StandardError.ReadToEndAsync();
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
                await connection.OpenAsync();
                return;
            }
            catch (NpgsqlException) when (!_process.HasExited && deadline.Elapsed < TimeSpan.FromSeconds(30))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20));
            }
            catch (NpgsqlException e)
            {
                throw new InvalidOperationException($"PostgreSQL did not start: {(_process.HasExited ? await errors : e.Message)}", e);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await SignalAsync("-QUIT");
        Directory.Delete(_folder, recursive: true);
    }

    private async Task SignalAsync(string signal)
    {
        if (_process is { HasExited: false } process)
        {
            // runuser passes signals on to its child alone when it gets them; the server's own id is in its lock file.
            var pid = (await File.ReadAllLinesAsync(Path.Combine(_folder, "data", "postmaster.pid")))[0];
            await RunAsync("kill", signal, pid);
            await process.WaitForExitAsync();
        }

        _process?.Dispose();
        _process = null;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    // The server refuses to run as root.
    private static ProcessStartInfo Command(string program, string[] arguments) =>
        Environment.UserName == "root" ? new ProcessStartInfo("runuser", ["-u", User, "--", program, .. arguments]) : new ProcessStartInfo(program, arguments);

    private static Task RunAsPostgresAsync(string program, params string[] arguments) => RunAsync(Command(program, arguments));

    private static Task RunAsync(string program, params string[] arguments) => RunAsync(new ProcessStartInfo(program, arguments));

    private static async Task RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await output;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{start.FileName} {string.Join(' ', start.ArgumentList)} failed: {errors}");
        }
    }
}
