using Microsoft.AspNetCore.Http;
using Virga.Telemetry.Metering;

namespace Virga.Telemetry.Api;

/// <summary>What was used, per function, version, hour or tenant.</summary>
internal sealed class UsageReportEndpoint(UsageMeter meter, TimeProvider time)
{
    public async Task GetAsync(HttpContext http)
    {
        var isCsv = Parameters.IsCsv(http);
        var report = meter.Report(Parameters.UsageReportQuery(http, time));
        http.Response.ContentType = isCsv ? "text/csv; charset=utf-8; header=present" : "application/json";
        if (isCsv)
        {
            UsageReportFormat.WriteCsv(http.Response.BodyWriter, report);
        }
        else
        {
            UsageReportFormat.WriteJson(http.Response.BodyWriter, report);
        }

        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }
}
