using Microsoft.Extensions.Logging;

namespace Virga.Telemetry.Logging;

/// <summary>Sets up the node's own log.</summary>
public static class NodeLog
{
    private const string TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";

    /// <summary>Writes the node's log to standard error, a line per entry: for people, or as JSON. The web server speaks only when something is wrong.</summary>
    public static ILoggingBuilder AddVirgaNodeLog(this ILoggingBuilder logging, LogLevel level, bool json = false)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(level);
        logging.AddFilter("Microsoft", level > LogLevel.Warning ? level : LogLevel.Warning);
        logging.AddConsole(static options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        if (json)
        {
            logging.AddJsonConsole(static options => (options.TimestampFormat, options.UseUtcTimestamp) = (TimestampFormat, true));
        }
        else
        {
            logging.AddSimpleConsole(static options => (options.SingleLine, options.TimestampFormat, options.UseUtcTimestamp) = (true, TimestampFormat, true));
        }

        return logging;
    }
}
