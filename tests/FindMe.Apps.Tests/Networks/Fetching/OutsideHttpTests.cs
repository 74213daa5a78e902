using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using FindMe.Networks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FindMe.Apps.Tests.Networks;

/// <summary>Against a real server on this machine, which is allowed by its port alone; a second one is not.</summary>
public sealed class OutsideHttpTests : IAsyncLifetime
{
    private readonly List<string> _requests = [];
    private WebApplication? _server;
    private WebApplication? _inside;
    private int _failures;

    private int Port => new Uri(_server!.Urls.Single()).Port;

    private int InsidePort => new Uri(_inside!.Urls.Single()).Port;

    public async ValueTask InitializeAsync()
    {
        _inside = await ServeAsync(app => app.MapGet("/secret", () => Note("secret")));
        _server = await ServeAsync(app =>
        {
            app.MapGet("/ok", (HttpRequest request) => Note($"ok {request.Headers.Authorization}{request.Headers.Cookie}"));
            app.MapGet("/cookie", (HttpResponse response) =>
            {
                response.Cookies.Append("a", "b");
                return "set";
            });
            app.MapGet("/to", (string address) => Results.Redirect(address));
            app.MapGet("/loop", () => Results.Redirect("/loop"));
            app.MapGet("/large", () => new byte[300_000]);
            app.MapGet("/endless", async (HttpResponse response, CancellationToken cancellationToken) =>
            {
                while (!cancellationToken.IsCancellationRequested)
                {
                    await response.Body.WriteAsync(new byte[10_000], cancellationToken);
                }
            });
            app.MapGet("/slow", async (HttpResponse response, CancellationToken cancellationToken) =>
            {
                while (!cancellationToken.IsCancellationRequested)
                {
                    await response.Body.WriteAsync(new byte[1], cancellationToken);
                    await response.Body.FlushAsync(cancellationToken);
                    await Task.Delay(50, cancellationToken);
                }
            });
            app.MapGet("/bomb", async (HttpResponse response) =>
            {
                response.Headers.ContentEncoding = "gzip";
                using var packed = new MemoryStream();
                await using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
                {
                    await gzip.WriteAsync(new byte[50_000_000]);
                }

                await response.Body.WriteAsync(packed.ToArray());
            });
            app.MapGet("/headers", (HttpResponse response) =>
            {
                for (var i = 0; i < 100; i++)
                {
                    response.Headers[$"X-{i}"] = new string('x', 1000);
                }
            });
            app.MapGet("/failing", () => Results.StatusCode(_failures-- > 0 ? 503 : 200));
            app.MapPost("/failing", () =>
            {
                Note("post");
                return Results.StatusCode(503);
            });
        });
    }

    [Fact]
    public async Task What_is_there_is_fetched_without_any_cookie()
    {
        using var http = Http();
        await http.SendAsync(At("/cookie"), TestContext.Current.CancellationToken);

        var answer = await http.SendAsync(At("/ok") with { Authorization = new AuthenticationHeaderValue("Bearer", "t") }, TestContext.Current.CancellationToken);

        Assert.True(answer.IsSuccess);
        Assert.Equal(["ok Bearer t"], _requests);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{inside}/secret")]
    [InlineData("http://localhost:{inside}/secret")]
    [InlineData("http://[::1]:{inside}/secret")]
    [InlineData("http://[::ffff:127.0.0.1]:{inside}/secret")]
    [InlineData("http://2130706433:{inside}/secret")]
    [InlineData("http://0x7f.1:{inside}/secret")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://10.0.0.1/")]
    public async Task What_lies_inside_is_not_fetched_whether_asked_for_or_redirected_to(string template)
    {
        using var http = Http();
        var address = template.Replace("{inside}", $"{InsidePort}", StringComparison.Ordinal);

        foreach (var request in new[] { new FetchRequest(new Uri(address)), At("/to?address=" + Uri.EscapeDataString(address)) })
        {
            var exception = await Assert.ThrowsAsync<FetchException>(() => http.SendAsync(request, TestContext.Current.CancellationToken));
            Assert.Equal(FetchProblem.ForbiddenAddress, exception.Problem);
            Assert.DoesNotContain("127", exception.Message, StringComparison.Ordinal);
        }

        Assert.Empty(_requests);
    }

    // The name is resolved once, for the connection itself: there is no earlier check whose answer could have changed since.
    [Fact]
    public async Task A_name_that_leads_inside_at_the_moment_of_connecting_is_not_fetched()
    {
        var lookups = 0;
        using var http = new OutsideHttp(Options(), (_, _) =>
        {
            lookups++;
            return Task.FromResult(new[] { IPAddress.Loopback, IPAddress.IPv6Loopback });
        });

        var exception = await Assert.ThrowsAsync<FetchException>(
            () => http.SendAsync(new FetchRequest(new Uri($"http://rebind.example:{InsidePort}/secret")), TestContext.Current.CancellationToken));

        Assert.Equal((FetchProblem.ForbiddenAddress, 1), (exception.Problem, lookups));
        Assert.Empty(_requests);
    }

    [Theory]
    [InlineData("ftp://example.com/a")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://user:secret@example.com/")]
    [InlineData("data:text/plain,a")]
    public async Task Only_web_addresses_without_a_user_are_fetched(string address)
    {
        using var http = Http();

        foreach (var request in new[] { new FetchRequest(new Uri(address)), At("/to?address=" + Uri.EscapeDataString(address)) })
        {
            var exception = await Assert.ThrowsAsync<FetchException>(() => http.SendAsync(request, TestContext.Current.CancellationToken));
            Assert.Equal(FetchProblem.BadAddress, exception.Problem);
        }
    }

    // A name server, or a host, that says nothing: the time to connect is over, that of the fetch is not.
    [Fact]
    public async Task A_host_that_cannot_be_connected_to_in_time_is_unreachable_and_tried_again()
    {
        var lookups = 0;
        var options = Options();
        options.ConnectTimeout = TimeSpan.FromMilliseconds(100);
        using var http = new OutsideHttp(options, async (_, cancellationToken) =>
        {
            Interlocked.Increment(ref lookups);
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return [];
        });

        var exception = await Assert.ThrowsAsync<FetchException>(
            () => http.SendAsync(new FetchRequest(new Uri("http://silent.example/")), TestContext.Current.CancellationToken));

        Assert.Equal((FetchProblem.Unreachable, 3), (exception.Problem, lookups));
    }

    [Fact]
    public async Task A_host_that_has_no_name_in_ASCII_is_no_address()
    {
        using var http = Http();
        var address = new Uri("http://xn--ä.example/");

        var exception = await Assert.ThrowsAsync<FetchException>(() => http.SendAsync(new FetchRequest(address), TestContext.Current.CancellationToken));

        Assert.Equal((FetchProblem.BadAddress, null), (exception.Problem, OutsideHttp.HostOf(address)));
    }

    [Theory]
    [InlineData("/loop", FetchProblem.BadRedirect)]
    [InlineData("/large", FetchProblem.TooLarge)]
    [InlineData("/endless", FetchProblem.TooLarge)]
    [InlineData("/bomb", FetchProblem.TooLarge)]
    [InlineData("/headers", FetchProblem.TooLarge)]
    [InlineData("/slow", FetchProblem.TimedOut)]
    public async Task What_has_no_measure_ends(string path, FetchProblem problem)
    {
        using var http = Http();

        var exception = await Assert.ThrowsAsync<FetchException>(
            () => http.SendAsync(At(path) with { MaxBytes = 200_000 }, TestContext.Current.CancellationToken));

        Assert.Equal(problem, exception.Problem);
        Assert.Equal(problem == FetchProblem.TimedOut, exception.IsTransient);
    }

    [Fact]
    public async Task A_redirect_to_another_origin_does_not_take_the_authorization_along()
    {
        using var http = new OutsideHttp(Options(allowed: [$"127.0.0.1:{Port}", $"localhost:{Port}"]), Dns.GetHostAddressesAsync);
        var request = At($"/to?address=http://localhost:{Port}/ok") with { Authorization = new AuthenticationHeaderValue("Bearer", "t") };

        await http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(["ok "], _requests);
    }

    [Fact]
    public async Task A_server_in_trouble_is_asked_again_for_what_it_shows_but_not_for_what_it_does()
    {
        using var http = Http();
        _failures = 2;

        var shown = await http.SendAsync(At("/failing"), TestContext.Current.CancellationToken);
        _failures = 100;
        var done = await http.SendAsync(At("/failing") with { Method = HttpMethod.Post }, TestContext.Current.CancellationToken);
        var gone = await http.SendAsync(At("/failing"), TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable), (shown.Status, done.Status));
        Assert.Single(_requests, "post");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, 97), (gone.Status, _failures));
    }

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        await _inside!.DisposeAsync();
    }

    private OutsideHttp Http() => new(Options(), Dns.GetHostAddressesAsync);

    private FetchOptions Options(int retries = 2, IReadOnlyList<string>? allowed = null) => new()
    {
        AllowedPrivateHosts = allowed ?? [$"127.0.0.1:{Port}"],
        Timeout = TimeSpan.FromSeconds(1.5),
        Retries = retries,
        RetryDelay = TimeSpan.FromMilliseconds(5),
    };

    private FetchRequest At(string path) => new(new Uri($"http://127.0.0.1:{Port}{path}"));

    private string Note(string request)
    {
        lock (_requests)
        {
            _requests.Add(request);
        }

        return request;
    }

    private static async Task<WebApplication> ServeAsync(Action<WebApplication> map)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        return app;
    }
}
