using Virga.Pulsar.Clients;

namespace Virga.Pulsar.Replication;

/// <summary>Another cluster.</summary>
/// <param name="Name">What the policies call it.</param>
/// <param name="Url">Where any of its nodes serves Pulsar's clients.</param>
public sealed record RemoteCluster(string Name, BrokerUrl Url);
