using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace FindMe.Networks;

/// <summary>A request to a server outside.</summary>
/// <param name="Address">http or https.</param>
public sealed record FetchRequest(Uri Address)
{
    /// <summary>Default GET. Only GET is tried again and follows redirects.</summary>
    public HttpMethod Method { get; init; } = HttpMethod.Get;

    /// <summary>The <c>Authorization</c> header; null: none. A redirect to another origin does not take it along.</summary>
    public AuthenticationHeaderValue? Authorization { get; init; }

    /// <summary>What to accept. Default anything.</summary>
    public string Accept { get; init; } = "*/*";

    /// <summary>Makes the body; null: none.</summary>
    public Func<HttpContent>? Content { get; init; }

    /// <summary>Largest body of the answer in bytes, after decompression. Default 4 MiB: an answer of an API has less.</summary>
    public int MaxBytes { get; init; } = 4 << 20;
}

/// <summary>An answer of a server outside, whatever its status.</summary>
/// <param name="Address">Where it came from in the end.</param>
/// <param name="Status">The status.</param>
/// <param name="Headers">The headers, without those of the body.</param>
/// <param name="Body">The body, decompressed. Its type is what its bytes say: the headers of strangers are not believed.</param>
public sealed record FetchedAnswer(Uri Address, HttpStatusCode Status, HttpResponseHeaders Headers, byte[] Body)
{
    /// <summary>2xx.</summary>
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>The first value of a header; null where there is none.</summary>
    /// <param name="name">The header's name.</param>
    public string? Header(string name) => Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}

/// <summary>
/// The way out for everything FindMe asks of servers it does not know: http and https to public addresses only, no cookies, no proxy,
/// and bounds on bytes, time, headers, redirects and connections.
/// </summary>
/// <remarks>One for the whole app, safe to use from all threads.</remarks>
public sealed class OutsideHttp : IDisposable
{
    private static readonly HttpStatusCode[] Redirects =
        [HttpStatusCode.MovedPermanently, HttpStatusCode.Found, HttpStatusCode.SeeOther, HttpStatusCode.TemporaryRedirect, HttpStatusCode.PermanentRedirect];

    private readonly FetchOptions _options;
    private readonly HttpMessageInvoker _http;
    private readonly ResiliencePipeline<FetchedAnswer> _retry;

    /// <summary>Makes one.</summary>
    /// <param name="options">The bounds.</param>
    public OutsideHttp(IOptions<FetchOptions> options)
        : this(options.Value, Dns.GetHostAddressesAsync)
    {
    }

    internal OutsideHttp(FetchOptions options, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        _options = options;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = new Connections(options, resolve).ConnectAsync,
            ConnectTimeout = options.ConnectTimeout,
            MaxConnectionsPerServer = options.ConnectionsPerHost,
            MaxResponseHeadersLength = options.MaxHeaderKilobytes,
            AutomaticDecompression = DecompressionMethods.All,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            // Names change their addresses: a connection is not kept for ever.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        });
        _retry = new ResiliencePipelineBuilder<FetchedAnswer>().AddRetry(new RetryStrategyOptions<FetchedAnswer>
        {
            // The strategy asks for one at least.
            MaxRetryAttempts = Math.Max(1, options.Retries),
            Delay = options.RetryDelay,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            ShouldHandle = arguments => ValueTask.FromResult(options.Retries > 0 && arguments.Outcome switch
            {
                { Exception: FetchException { Problem: FetchProblem.Unreachable } } => true,
                { Result.Status: >= HttpStatusCode.InternalServerError and not HttpStatusCode.NotImplemented } => true,
                _ => false,
            }),
        }).Build();
    }

    /// <summary>Fetches.</summary>
    /// <param name="request">What.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answer, also where it says that something is wrong.</returns>
    /// <exception cref="FetchException">There is no answer that can be used.</exception>
    public async Task<FetchedAnswer> SendAsync(FetchRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_options.Timeout);
        try
        {
            return request.Method == HttpMethod.Get
                ? await _retry.ExecuteAsync(async (token) => await FollowAsync(request, token), deadline.Token)
                : await SendOnceAsync(request, request.Address, request.Authorization, deadline.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FetchException(FetchProblem.TimedOut, $"The server did not answer in {_options.Timeout.TotalSeconds:0.#} s.", exception);
        }
    }

    /// <summary>The host of an address as names are looked up: in ASCII.</summary>
    /// <param name="address">An absolute address.</param>
    /// <returns>Null where it has none, or one that has no such form.</returns>
    public static string? HostOf(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        try
        {
            return address.IdnHost is { Length: > 0 } host ? host : null;
        }
        catch (UriFormatException)
        {
            return null;
        }
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private async Task<FetchedAnswer> FollowAsync(FetchRequest request, CancellationToken cancellationToken)
    {
        var (address, authorization) = (request.Address, request.Authorization);
        for (var followed = 0; ; followed++)
        {
            var answer = await SendOnceAsync(request, address, authorization, cancellationToken);
            if (!Redirects.Contains(answer.Status))
            {
                return answer;
            }

            if (followed == _options.MaxRedirects || answer.Headers.Location is not { } location || !Uri.TryCreate(address, location, out var next))
            {
                throw new FetchException(FetchProblem.BadRedirect, $"The server redirects more than {_options.MaxRedirects} times, or nowhere.");
            }

            if (address.Scheme == Uri.UriSchemeHttps && next.Scheme != Uri.UriSchemeHttps)
            {
                throw new FetchException(FetchProblem.BadRedirect, "The server redirects from https to something less.");
            }

            if (next.GetLeftPart(UriPartial.Authority) != address.GetLeftPart(UriPartial.Authority))
            {
                authorization = null;
            }

            address = next;
        }
    }

    private async Task<FetchedAnswer> SendOnceAsync(
        FetchRequest request, Uri address, AuthenticationHeaderValue? authorization, CancellationToken cancellationToken)
    {
        if (!address.IsAbsoluteUri
            || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)
            || address.UserInfo.Length > 0
            || HostOf(address) is null)
        {
            throw new FetchException(FetchProblem.BadAddress, "The address is not one of a web server.");
        }

        using var message = new HttpRequestMessage(request.Method, address) { Content = request.Content?.Invoke() };
        message.Headers.Authorization = authorization;
        message.Headers.Accept.ParseAdd(request.Accept);
        message.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        try
        {
            using var response = await _http.SendAsync(message, cancellationToken);
            var body = Redirects.Contains(response.StatusCode) ? [] : await ReadAsync(response.Content, request.MaxBytes, cancellationToken);
            return new FetchedAnswer(address, response.StatusCode, response.Headers, body);
        }
        catch (HttpRequestException exception) when (exception.InnerException is FetchException forbidden)
        {
            throw new FetchException(forbidden.Problem, forbidden.Message, exception);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new FetchException(FetchProblem.TooLarge, "The server's answer has more headers than FindMe reads.", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidDataException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The last is the time to connect: the time of the whole fetch is not over.
            throw new FetchException(FetchProblem.Unreachable, "The server cannot be reached, or its answer broke off.", exception);
        }
    }

    // Counts what comes out of decompression: a small answer that unpacks to gigabytes ends here as well.
    private static async Task<byte[]> ReadAsync(HttpContent content, int maxBytes, CancellationToken cancellationToken)
    {
        var tooLarge = new FetchException(FetchProblem.TooLarge, $"The file is larger than the {maxBytes / 1e6:0.#} MB that FindMe reads.");
        if (content.Headers.ContentLength > maxBytes)
        {
            throw tooLarge;
        }

        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var buffer = new byte[1 << 16];
        while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            if (body.Length + read > maxBytes)
            {
                throw tooLarge;
            }

            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }
}

/// <summary>Registers <see cref="OutsideHttp"/>.</summary>
public static class FetchingServices
{
    /// <summary>Registers it and its options, which are checked at start. Called again, it does nothing.</summary>
    /// <param name="services">The app's services.</param>
    public static void AddOutsideHttp(this IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(OutsideHttp)))
        {
            return;
        }

        services.AddOptions<FetchOptions>().BindConfiguration(FetchOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<FetchOptions>, FetchOptionsValidator>();
        services.AddSingleton<OutsideHttp>();
    }
}
