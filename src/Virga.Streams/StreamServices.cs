using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Resources;
using Virga.Streams.Lanes;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;

namespace Virga.Streams;

/// <summary>What every stream of a node needs.</summary>
/// <param name="Broker">This node's topics.</param>
/// <param name="Client">All topics.</param>
/// <param name="Functions">Where functions are found.</param>
/// <param name="Invoker">Who runs them.</param>
/// <param name="Limits">What a lane may hold.</param>
/// <param name="Random">Draws where a function's traffic is split; locked by who draws.</param>
/// <param name="Time">The clock.</param>
/// <param name="Loggers">Where it reports.</param>
internal sealed record StreamServices(
    TopicBroker Broker, TopicClient Client, IFunctionCatalog Functions, IInvoker Invoker, LaneLimits Limits, Random Random, TimeProvider Time, ILoggerFactory Loggers);
