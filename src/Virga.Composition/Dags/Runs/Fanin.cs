using Virga.Composition.Dags.Steps;
using Virga.State;
using Virga.State.Sessions;

namespace Virga.Composition.Dags.Runs;

/// <summary>What has come in for a step that waits for several inputs. Used under its attempt's lock.</summary>
internal sealed class Fanin(int inputs)
{
    private readonly bool[] _arrived = new bool[inputs];
    private readonly List<StateSession> _sessions = [];
    private int _missing = inputs;

    /// <summary>The inputs; null where one was skipped or is not there yet.</summary>
    public StepValue?[] Values { get; } = new StepValue?[inputs];

    /// <summary>Takes an input; false when it was there already.</summary>
    public bool TryTake(int input, StepValue? value, StateSession? session)
    {
        if (_arrived[input])
        {
            return false;
        }

        _arrived[input] = true;
        _missing--;
        Values[input] = value;
        if (session is not null && !_sessions.Contains(session))
        {
            _sessions.Add(session);
        }

        return true;
    }

    /// <summary>Whether every input is there, or was skipped.</summary>
    public bool IsComplete => _missing == 0;

    /// <summary>What all inputs together have seen.</summary>
    public StateSession? Join(StateEngine? state) => _sessions.Count switch
    {
        0 => null,
        1 => _sessions[0],
        _ => state!.Join(_sessions),
    };
}
