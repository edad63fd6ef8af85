using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Topics.Clients;

namespace Virga.Triggers.Runs;

/// <summary>What every trigger of a node needs.</summary>
internal sealed record TriggerServices(TopicClient Topics, IFunctionCatalog Functions, IInvoker Invoker, NodeName Node, Random Random, TimeProvider Time, ILogger Logger);
