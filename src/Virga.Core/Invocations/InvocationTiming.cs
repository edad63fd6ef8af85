namespace Virga.Core.Invocations;

/// <summary>Where an invocation's time went, up to the head of its answer.</summary>
/// <param name="Cold">Whether an instance had to be specialised or started for it.</param>
/// <param name="Queue">Waiting for an instance.</param>
/// <param name="Start">Starting and specialising an instance for it.</param>
/// <param name="Run">In the worker.</param>
public readonly record struct InvocationTiming(bool Cold, TimeSpan Queue, TimeSpan Start, TimeSpan Run);
