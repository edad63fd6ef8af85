using Virga.Pulsar.Replication;

namespace Virga.Pulsar.Tests.Replication;

public sealed class ReplicationWindowTests
{
    [Fact]
    public void It_begins_with_few_messages_since_their_sizes_are_not_known()
    {
        var window = new ReplicationWindow();

        window.Grant().ShouldBe(16);
        window.Grant().ShouldBe(0);
    }

    [Fact]
    public void Small_messages_are_limited_by_their_number()
    {
        var window = new ReplicationWindow();
        Take(window, window.Grant(), 100);

        window.Grant().ShouldBe(ReplicationWindow.MostMessages - 16);
        window.Grant().ShouldBe(0);
    }

    [Fact]
    public void Large_messages_are_limited_by_their_bytes()
    {
        var window = new ReplicationWindow();
        window.Grant();
        Take(window, 16, 4 << 20);
        window.Grant().ShouldBe(0);

        window.Arrived(16);

        window.Grant().ShouldBe(2);
    }

    [Fact]
    public void What_has_arrived_makes_room()
    {
        var window = new ReplicationWindow();
        Take(window, window.Grant(), 100);
        Take(window, window.Grant(), 100);
        window.Grant().ShouldBe(0);

        window.Arrived(ReplicationWindow.MostMessages);

        window.Grant().ShouldBe(ReplicationWindow.MostMessages);
    }

    private static void Take(ReplicationWindow window, int messages, int bytes)
    {
        for (var i = 0; i < messages; i++)
        {
            window.Came(1, bytes);
        }
    }
}
