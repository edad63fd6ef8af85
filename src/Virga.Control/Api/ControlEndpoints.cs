using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Virga.Control.Api;

/// <summary>Puts the control API into a web application.</summary>
public static class ControlEndpoints
{
    private const string Prefix = "/api/v1";

    /// <summary>Maps every endpoint under <c>/api/v1</c>, in the short and in the full form of its path, and answers every failure of the application with a problem.</summary>
    public static WebApplication MapVirgaControl(this WebApplication app)
    {
        app.UseMiddleware<ProblemMiddleware>();
        MapAll(app.MapGroup(Prefix));
        MapAll(app.MapGroup(Prefix + "/tenants/{tenant}/namespaces/{namespace}"));
        app.MapOpenApi(Prefix + "/openapi/{documentName}.json");
        return app;
    }

    private static void MapAll(RouteGroupBuilder api)
    {
        FunctionEndpoints.Map(api);
        VersionEndpoints.Map(api);
        InvokeEndpoint.Map(api);
        RouteEndpoints.Map(api);
        DagEndpoints.Map(api);
        TriggerEndpoints.Map(api);
        StreamEndpoints.Map(api);
        EnvironmentEndpoints.Map(api);
        PackageEndpoints.Map(api);
        ChangeEndpoints.Map(api);
    }
}
