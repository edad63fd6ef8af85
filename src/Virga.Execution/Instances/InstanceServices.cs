using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Logging;
using Virga.Execution.Asks;
using Virga.Execution.Memory;

namespace Virga.Execution.Instances;

/// <summary>What every instance needs of its node.</summary>
internal sealed record InstanceServices(
    ExecutionOptions Options,
    TimeProvider Time,
    IFunctionLog Log,
    IInvocationObserver Observer,
    IResidencyObserver Residency,
    PlatformPort Platform,
    MemoryBudget Memory,
    BackgroundTasks Tasks,
    ILogger Logger);
