using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Core.Streams;

/// <summary>What stream functions may say about topics: known to who runs them. What can be said without knowing topics is in <see cref="StreamRules"/>.</summary>
public interface IStreamRules
{
    /// <summary>Refuses a spec that breaks a rule. Pure: whether its function exists is for others to know.</summary>
    /// <exception cref="ProblemException"><c>invalid-spec</c>, <c>out-of-scope</c>.</exception>
    void Check(StreamName name, StreamSpec spec);
}
