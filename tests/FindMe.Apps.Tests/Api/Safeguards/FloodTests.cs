using System.Globalization;
using System.Net;
using System.Net.Http.Json;

namespace FindMe.Apps.Tests.Api;

/// <summary>Whoever asks too fast is told when to come back, and nobody else notices.</summary>
public sealed class FloodTests(AttackedSystem findMe) : IClassFixture<AttackedSystem>
{
    private const int Requests = 600;

    [Fact]
    public async Task A_person_who_floods_is_told_when_to_come_back_and_others_are_served_from_the_same_address()
    {
        using var eve = findMe.NewVisitor();
        await eve.AgreeAsync();

        // Not so many that the address, too, has had enough.
        var refused = (await FloodAsync(eve.Http, "/api/searches", 110)).Where(answer => answer.StatusCode == HttpStatusCode.TooManyRequests).ToList();

        Assert.NotEmpty(refused);
        foreach (var answer in refused)
        {
            await AssertTooManyAsync(answer);
        }

        await findMe.StillAnswersAsync();
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, await eve.StatusOfAsync(HttpMethod.Get, "/api/searches"));
    }

    [Fact]
    public async Task An_address_that_floods_is_refused_whatever_it_says_of_itself_and_other_addresses_are_served()
    {
        using var http = From(IPAddress.Parse("127.0.0.9"));

        var answers = await FloodAsync(http, "/api/consent", Requests, number => $"203.0.113.{number % 250}");

        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        var refused = answers.Where(answer => answer.StatusCode == HttpStatusCode.TooManyRequests).ToList();
        Assert.NotEmpty(refused);
        await AssertTooManyAsync(refused[0]);
        await findMe.StillAnswersAsync();
    }

    [Fact]
    public async Task The_eleventh_code_guessed_from_an_address_within_five_minutes_is_refused_whoever_guesses()
    {
        var address = IPAddress.Parse("127.0.9.7");
        for (var guess = 0; guess < 10; guess++)
        {
            using var guesser = findMe.NewVisitor(address);
            using var wrong = await EnterAsync(guesser);
            await ProblemAssert.IsAsync(wrong, 422, "wrong-code");
        }

        using var another = findMe.NewVisitor(address);
        using var refused = await EnterAsync(another);
        using var elsewhere = findMe.NewVisitor(IPAddress.Parse("127.0.9.8"));
        using var answered = await EnterAsync(elsewhere);

        await ProblemAssert.IsAsync(refused, 429, "too-many-sign-ins");
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        await ProblemAssert.IsAsync(answered, 422, "wrong-code");

        static Task<HttpResponseMessage> EnterAsync(Visitor visitor) =>
            visitor.Http.PostAsJsonAsync("/api/me/browsers", new { code = "AAAAA-AAAAA" }, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_person_has_so_many_streams_of_events_and_no_more_until_one_ends()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync(AttackedSystem.Long);
        var events = new Uri($"/api/searches/{search}/events", UriKind.Relative);
        var open = new List<HttpResponseMessage>();
        for (var stream = 0; stream < AttackedSystem.Streams; stream++)
        {
            open.Add(await ada.Http.GetAsync(events, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken));
            Assert.Equal(HttpStatusCode.OK, open[^1].StatusCode);
        }

        using (var oneMore = await ada.Http.GetAsync(events, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
        {
            await AssertTooManyAsync(oneMore);
        }

        Assert.NotEqual("finished", Visitor.Status(await ada.GetAsync($"/api/searches/{search}")));

        // Cancelled, all streams end: their places are free again.
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{search}"));
        foreach (var stream in open)
        {
            Assert.NotEmpty(await stream.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            stream.Dispose();
        }

        Assert.NotEmpty(await ada.EventsAsync(search));
        await findMe.StillAnswersAsync();
    }

    [Fact]
    public async Task An_address_sends_so_many_files_at_once_and_others_send_theirs_meanwhile()
    {
        var (address, other) = (IPAddress.Parse("127.0.0.7"), IPAddress.Parse("127.0.0.8"));
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        // As many as may come in, and as many as may wait, of two people who have not reached what one person may have.
        var slow = Enumerable.Range(0, 2 * AttackedSystem.Files).Select(_ => findMe.Connect(address)).ToList();
        foreach (var half in slow.Chunk(AttackedSystem.Files))
        {
            using var eve = findMe.NewVisitor();
            await eve.AgreeAsync();
            Assert.All(half, connection => Assert.True(connection.TrySend(
                $"POST /api/references HTTP/1.1\r\nHost: localhost\r\nCookie: findme={eve.Cookie}\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 99\r\n\r\n--x")));
        }

        await Task.Delay(300, TestContext.Current.CancellationToken);

        using var oneMore = await ShowAsync(address);
        using var elsewhere = await ShowAsync(other);
        await ProblemAssert.IsAsync(oneMore, 503, "busy");
        Assert.InRange(int.Parse(oneMore.Headers.GetValues("Retry-After").Single(), CultureInfo.InvariantCulture), 1, 60);
        await ProblemAssert.IsAsync(elsewhere, 400, "photo-missing");
        slow.ForEach(connection => connection.Dispose());

        async Task<HttpResponseMessage> ShowAsync(IPAddress from)
        {
            using var http = From(from);
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(findMe.System.Page, "/api/references"))
            {
                Headers = { { "Cookie", $"findme={ada.Cookie}" } },
                Content = new MultipartFormDataContent { { new StringContent("nothing"), "face" } },
            };
            return await http.SendAsync(request, TestContext.Current.CancellationToken);
        }
    }

    private async Task<IReadOnlyList<HttpResponseMessage>> FloodAsync(HttpClient http, string path, int requests, Func<int, string>? claimedAddress = null)
    {
        var answers = new HttpResponseMessage[requests];
        await Parallel.ForAsync(0, requests, new ParallelOptions { MaxDegreeOfParallelism = 30 }, async (number, cancellationToken) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(findMe.System.Page, path));
            if (claimedAddress is not null)
            {
                request.Headers.Add("X-Forwarded-For", claimedAddress(number));
            }

            answers[number] = await http.SendAsync(request, cancellationToken);
        });
        return answers;
    }

    private static async Task AssertTooManyAsync(HttpResponseMessage answer)
    {
        await ProblemAssert.IsAsync(answer, 429, "too-many-requests");
        Assert.InRange(int.Parse(answer.Headers.GetValues("Retry-After").Single(), CultureInfo.InvariantCulture), 1, 60);
    }

    private static HttpClient From(IPAddress address) => new(Visitor.Handler(address));
}
