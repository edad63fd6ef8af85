using Microsoft.Extensions.Logging;
using Virga.Pulsar.Clients;
using Virga.Topics.Brokers;
using Virga.Topics.Names;

namespace Virga.Pulsar.Replication;

/// <summary>Replicates one topic or partition to one other cluster while it is in this node's memory and the policies say so; what fails is tried again, later each time.</summary>
internal sealed partial class TopicReplicator(TopicBroker broker, Topic topic, string own, RemoteCluster remote, BrokerClient client, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private TimeSpan _delay = First;
    private bool _isComplained;

    /// <summary>Runs until the topic leaves the memory, is not to be replicated there any more, or the node stops.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && !topic.IsClosing && topic.Replication.Clusters.Contains(remote.Name, StringComparer.Ordinal))
        {
            var session = new ReplicationSession(topic, own, remote, client);
            try
            {
                var partitions = await broker.PartitionsAsync(topic.Name.Whole, TopicCreation.Never, stop) ?? 0;
                await session.RunAsync(partitions, Connected, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Whatever it was: nothing is lost, and the same is tried again.
                Complain(e);
            }

            if (session.HasProgressed)
            {
                (_delay, _isComplained) = (First, false);
            }

            try
            {
                await Task.Delay(_delay, time, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            _delay = _delay * 2 < Longest ? _delay * 2 : Longest;
        }
    }

    private void Connected()
    {
        topic.Replication.Report(remote.Name, null);
        LogConnected(logger, topic.Name, remote.Name);
    }

    private void Complain(Exception failure)
    {
        topic.Replication.Report(remote.Name, failure.Message);
        if (!_isComplained && !topic.IsClosing)
        {
            LogFailed(logger, topic.Name, remote.Name, failure.Message);
            _isComplained = true;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Topic} is replicated to the cluster {Cluster}.")]
    private static partial void LogConnected(ILogger logger, TopicName topic, string cluster);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic} is not replicated to the cluster {Cluster} for now: {Reason}")]
    private static partial void LogFailed(ILogger logger, TopicName topic, string cluster, string reason);
}
