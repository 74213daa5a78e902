using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace FindMe.Apps.Tests.Api;

/// <summary>What one address or one person can take of the server's places for files and connections.</summary>
public sealed class LimitTests(AttackedSystem findMe) : IClassFixture<AttackedSystem>
{
    private const string Part = "--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"me.jpg\"\r\n\r\n";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Eight_files_come_in_at_once_from_everywhere_eight_wait_and_the_others_are_told_to_come_back()
    {
        // Each address as many as it may, so that it is the limit on all of them that counts.
        var connections = new List<RawConnection>();
        var statuses = new ConcurrentDictionary<RawConnection, int>();
        var answers = new List<Task>();
        using var enough = new CancellationTokenSource();
        for (var number = 0; number < 24 / AttackedSystem.Files; number++)
        {
            var address = IPAddress.Parse($"127.0.1.{number + 1}");
            using var person = findMe.NewVisitor(address);
            await person.AgreeAsync();
            for (var file = 0; file < AttackedSystem.Files; file++)
            {
                var connection = findMe.Connect(address);
                connection.TrySend(Head(person, 99, "Expect: 100-continue\r\n"));
                connections.Add(connection);
                answers.Add(NoteAsync(connection, statuses, enough.Token));
            }
        }

        // Whoever is let in is asked for the body, whoever is refused is answered; the others hear nothing.
        await UntilAsync(() => statuses.Count >= 2 * AttackedSystem.AllFiles);
        Assert.Equal(AttackedSystem.AllFiles, statuses.Values.Count(status => status == 100));
        Assert.Equal(AttackedSystem.AllFiles, statuses.Values.Count(status => status == 503));

        // Places that are given back go to those who wait.
        var waiting = connections.Where(connection => !statuses.ContainsKey(connection)).ToList();
        connections.Except(waiting).ToList().ForEach(connection => connection.Dispose());
        await Task.WhenAll(answers);
        Assert.All(waiting, connection => Assert.Equal(100, statuses[connection]));
        waiting.ForEach(connection => connection.Dispose());
        await findMe.StillAnswersAsync();
    }

    [Fact]
    public async Task A_picture_that_comes_too_slowly_is_refused_with_the_way_out_when_its_time_is_up()
    {
        var address = IPAddress.Parse("127.0.2.1");
        using var ada = findMe.NewVisitor(address);
        await ada.AgreeAsync();
        using var connection = findMe.Connect(address);
        connection.TrySend(Head(ada, 20_000_000) + Part);
        var answer = connection.ReadAsync();

        // Twice as fast as the slowest rate that is allowed: nothing but the time for the whole ends it.
        while (!answer.IsCompleted && connection.TrySend(new byte[512]))
        {
            await Task.WhenAny(answer, Task.Delay(TimeSpan.FromMilliseconds(250), Cancellation));
        }

        (await answer).AssertProblem(408, "too-slow");
        await findMe.StillAnswersAsync();
    }

    [Fact]
    public async Task Slow_senders_of_an_address_give_way_to_a_person_who_waits_there()
    {
        var address = IPAddress.Parse("127.0.2.2");
        using var stop = new CancellationTokenSource();
        var slow = new List<(RawConnection Connection, Task Dribble)>();
        for (var number = 0; number < AttackedSystem.Files; number++)
        {
            using var eve = findMe.NewVisitor(address);
            await eve.AgreeAsync();
            var connection = findMe.Connect(address);
            connection.TrySend(Head(eve, 20_000_000, "Expect: 100-continue\r\n"));
            Assert.Equal(100, await connection.ReadStatusAsync(Cancellation));
            connection.TrySend(Part);
            slow.Add((connection, SendSlowlyAsync(connection, stop.Token)));
        }

        using var ada = findMe.NewVisitor(address);
        await ada.AgreeAsync();
        var watch = Stopwatch.StartNew();
        using var shown = await ada.TryShowAsync(await File.ReadAllBytesAsync(Checkouts.DemoPhotos[0], Cancellation), face: 0);

        Assert.Equal(HttpStatusCode.Created, shown.StatusCode);
        Assert.All(slow, each => Assert.False(each.Dribble.IsFaulted));
        await stop.CancelAsync();
        // Each of them would have had its whole time otherwise.
        Assert.True(watch.Elapsed < AttackedSystem.FileTimeout, "The slow senders kept their places.");
        slow.ForEach(each => each.Connection.Dispose());
    }

    [Fact]
    public async Task Connections_of_one_address_are_bounded_and_others_are_served()
    {
        var (address, other) = (IPAddress.Parse("127.0.2.3"), IPAddress.Parse("127.0.2.4"));
        using var enough = new CancellationTokenSource();
        var connections = Enumerable.Range(0, AttackedSystem.Connections + 20).Select(_ => findMe.Connect(address)).ToList();
        var closed = new ConcurrentDictionary<RawConnection, int>();
        var ends = connections.Select(connection => NoteAsync(connection, closed, enough.Token)).ToList();

        await UntilAsync(() => closed.Count >= 20);
        Assert.Equal(20, closed.Values.Count(status => status == 0));
        using (var elsewhere = findMe.NewVisitor(other))
        {
            await elsewhere.AgreeAsync();
        }

        // What is closed makes room again.
        await enough.CancelAsync();
        await Task.WhenAll(ends);
        connections.ForEach(connection => connection.Dispose());
        using var again = findMe.NewVisitor(address);
        await UntilAsync(async () =>
        {
            try
            {
                return await again.StatusOfAsync(HttpMethod.Get, "/api/consent") == HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    private static string Head(Visitor person, int length, string more = "") =>
        "POST /api/references HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + more
        + $"Cookie: findme={person.Cookie}\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {length.ToString(CultureInfo.InvariantCulture)}\r\n\r\n";

    private static async Task NoteAsync(RawConnection connection, ConcurrentDictionary<RawConnection, int> statuses, CancellationToken stop)
    {
        try
        {
            statuses[connection] = await connection.ReadStatusAsync(stop);
        }
        catch (OperationCanceledException)
        {
            // It had no answer until the end.
        }
    }

    private static async Task SendSlowlyAsync(RawConnection connection, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && connection.TrySend(new byte[512]))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(250), CancellationToken.None);
        }
    }

    private static Task UntilAsync(Func<bool> stands) => UntilAsync(() => Task.FromResult(stands()));

    private static async Task UntilAsync(Func<Task<bool>> stands)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));
        while (!await stands())
        {
            await Task.Delay(50, deadline.Token);
        }
    }
}
