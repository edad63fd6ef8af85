using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Virga.Gateway.Hosting;

/// <summary>
/// The services that Kestrel's TLS looks up, which Kestrel registers through a host builder only. This one builds no host: it takes the registrations.
/// </summary>
internal sealed class KestrelServices : IWebHostBuilder
{
    private readonly ServiceCollection _services = new();

    private KestrelServices()
    {
    }

    public static ServiceProvider Build(ILoggerFactory loggers)
    {
        var builder = new KestrelServices();
        builder._services.AddSingleton(loggers).AddMetrics().AddOptions();
        builder.UseKestrelCore();
        return builder._services.BuildServiceProvider();
    }

    public IWebHostBuilder ConfigureServices(Action<IServiceCollection> configureServices)
    {
        configureServices(_services);
        return this;
    }

    public IWebHostBuilder ConfigureServices(Action<WebHostBuilderContext, IServiceCollection> configureServices)
    {
        configureServices(new WebHostBuilderContext(), _services);
        return this;
    }

    public string? GetSetting(string key) => null;

    public IWebHostBuilder UseSetting(string key, string? value) => this;

    public IWebHostBuilder ConfigureAppConfiguration(Action<WebHostBuilderContext, IConfigurationBuilder> configureDelegate) => this;

    // The interface asks for it, though hosts of this kind are no longer made.
#pragma warning disable ASPDEPR008
    public IWebHost Build() => throw new NotSupportedException("No host is built from these services.");
#pragma warning restore ASPDEPR008
}
