using Virga.Core.Resources;

namespace Virga.Core.Invocations;

/// <summary>What a chain of invocations has seen of shared state, carried from one to the next. Null where the consistency asks for nothing.</summary>
/// <remarks>Execution hands it on and knows nothing else of it; the state engine implements it.</remarks>
public interface IInvocationSession
{
    /// <summary>What its reads may rely on.</summary>
    Consistency Consistency { get; }
}
