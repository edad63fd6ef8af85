namespace Virga.State.Stores;

/// <summary>The store cannot be reached, or failed, for now: the same may succeed later.</summary>
public sealed class StateStoreException(string message, Exception? inner = null) : Exception(message, inner);
