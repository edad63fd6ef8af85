using Microsoft.Extensions.Hosting;

namespace Virga.Hosting;

/// <summary>Leaves signals to the command line, which cancels the whole node and not its web server alone.</summary>
internal sealed class NodeLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
