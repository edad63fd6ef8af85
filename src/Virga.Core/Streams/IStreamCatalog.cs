namespace Virga.Core.Streams;

/// <summary>Finds stream functions from memory.</summary>
public interface IStreamCatalog
{
    /// <summary>The stream function as it is now; null when there is none of that name.</summary>
    StreamFunction? Find(StreamName name);

    /// <summary>Every stream function there is now.</summary>
    IReadOnlyCollection<StreamFunction> All { get; }

    /// <summary>Raised after one was made, changed or deleted, with its name. Handlers return at once.</summary>
    event Action<StreamName>? Changed;
}
