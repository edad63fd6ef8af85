using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Virga.Core.Names;
using Virga.Gateway.Cors;
using Virga.Gateway.Routing;

namespace Virga.Gateway.Requests;

/// <summary>
/// One request and its answer. Kestrel keeps one exchange per connection and uses it again for every request on it, so that a request
/// allocates none of this.
/// </summary>
internal sealed class Exchange
{
    private IFeatureCollection? _features;
    private IHttpRequestFeature? _request;
    private IHttpResponseFeature? _response;
    private IHttpResponseBodyFeature? _responseBody;
    private IHttpRequestLifetimeFeature? _lifetime;

    public IFeatureCollection Features => _features ?? throw Ended();

    public IHttpRequestFeature Request => _request ?? throw Ended();

    public IHttpResponseFeature Response => _response ?? throw Ended();

    public IHttpResponseBodyFeature ResponseBody => _responseBody ?? throw Ended();

    public IHttpRequestLifetimeFeature Lifetime => _lifetime ?? throw Ended();

    /// <summary>The request's headers, for the function.</summary>
    public RequestHeaders Headers { get; } = new();

    /// <summary>The request's path, once it has been read.</summary>
    public RequestPath Path { get; } = new();

    /// <summary>When the request arrived, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long ReceivedAt { get; private set; }

    public InvocationId Id { get; private set; }

    /// <summary>The id as text, made once per request.</summary>
    public string IdText { get; private set; } = "";

    /// <summary>The rules for other origins, when the route has some and the request is from one.</summary>
    public CorsPolicy? Cors { get; set; }

    public bool IsHead => Request.Method == "HEAD";

    public void Begin(IFeatureCollection features, TimeProvider time)
    {
        _features = features;
        _request = features.GetRequiredFeature<IHttpRequestFeature>();
        _response = features.GetRequiredFeature<IHttpResponseFeature>();
        _responseBody = features.GetRequiredFeature<IHttpResponseBodyFeature>();
        _lifetime = features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        Headers.Use(_request.Headers);
        ReceivedAt = time.GetTimestamp();
        Id = InvocationId.New(time);
        IdText = Id.ToString();
        Cors = null;
    }

    public void End()
    {
        Headers.Use(null);
        _features = null;
        _request = null;
        _response = null;
        _responseBody = null;
        _lifetime = null;
    }

    private static InvalidOperationException Ended() => new("The exchange has ended.");
}
