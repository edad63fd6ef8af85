using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;

namespace Virga.Control.Packages;

/// <summary>Copies packages to this node before they are called, after another node has deployed them. What cannot be copied now is copied at the first call.</summary>
internal sealed partial class PackagePrefetcher : IAsyncDisposable
{
    // A burst of deploys beyond that is fetched when called.
    private const int Capacity = 1000;

    private readonly PackageStore _packages;
    private readonly ILogger<PackagePrefetcher> _logger;
    private readonly Channel<string> _wanted = Channel.CreateBounded<string>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;

    public PackagePrefetcher(PackageStore packages, ILogger<PackagePrefetcher> logger)
    {
        _packages = packages;
        _logger = logger;
        _running = RunAsync();
    }

    public void Want(string digest) => _wanted.Writer.TryWrite(digest);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    [LoggerMessage(LogLevel.Information, "A package was not copied ahead and will be when it is called: {Reason}")]
    private partial void LogNotFetched(string reason);

    private async Task RunAsync()
    {
        try
        {
            await foreach (var digest in _wanted.Reader.ReadAllAsync(_stopping.Token))
            {
                try
                {
                    await _packages.GetPathAsync(digest, _stopping.Token);
                }
                catch (Exception e) when (e is ProblemException or IOException)
                {
                    LogNotFetched(e.Message);
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The node ends.
        }
    }
}
