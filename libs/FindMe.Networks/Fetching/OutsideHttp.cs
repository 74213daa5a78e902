using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace FindMe.Networks;

/// <summary>A request to a server on the internet.</summary>
/// <param name="Address">http or https.</param>
public sealed record FetchRequest(Uri Address)
{
    /// <summary>Default GET. Only GET is retried and follows redirects.</summary>
    public HttpMethod Method { get; init; } = HttpMethod.Get;

    /// <summary>The <c>Authorization</c> header; null if none. Dropped on a redirect to another origin.</summary>
    public AuthenticationHeaderValue? Authorization { get; init; }

    /// <summary>The <c>Accept</c> header. Default anything.</summary>
    public string Accept { get; init; } = "*/*";

    /// <summary>Creates the request body, once per attempt; null if none.</summary>
    public Func<HttpContent>? Content { get; init; }

    /// <summary>Largest response body in bytes, after decompression. Default 4 MiB, more than any API response needs.</summary>
    public int MaxBytes { get; init; } = 4 << 20;
}

/// <summary>A response from a server on the internet, with any status.</summary>
/// <param name="Address">The final address, after redirects.</param>
/// <param name="Status">The status.</param>
/// <param name="Headers">The headers, without the content headers.</param>
/// <param name="Body">The body, decompressed. Detect its type from its bytes: the headers are not trusted.</param>
public sealed record FetchedAnswer(Uri Address, HttpStatusCode Status, HttpResponseHeaders Headers, byte[] Body)
{
    /// <summary>Whether the status is 2xx.</summary>
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>The first value of a header; null if it is missing.</summary>
    /// <param name="name">The header's name.</param>
    public string? Header(string name) => Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}

/// <summary>
/// Sends every request to untrusted servers: only http and https to public addresses, no cookies, no proxy, and limits on bytes, time,
/// headers, redirects and connections.
/// </summary>
/// <remarks>One instance serves the whole app. Thread-safe.</remarks>
public sealed class OutsideHttp : IDisposable
{
    private static readonly HttpStatusCode[] Redirects =
        [HttpStatusCode.MovedPermanently, HttpStatusCode.Found, HttpStatusCode.SeeOther, HttpStatusCode.TemporaryRedirect, HttpStatusCode.PermanentRedirect];

    private readonly FetchOptions _options;
    private readonly HttpMessageInvoker _http;
    private readonly ResiliencePipeline<FetchedAnswer> _retry;

    /// <summary>Builds the client with its limits.</summary>
    /// <param name="options">The limits.</param>
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
            // Reconnect regularly, because DNS entries change.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        });
        _retry = new ResiliencePipelineBuilder<FetchedAnswer>().AddRetry(new RetryStrategyOptions<FetchedAnswer>
        {
            // The retry strategy requires at least one attempt.
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

    /// <summary>Sends a request; follows redirects and retries if it is a GET.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The response, whatever its status.</returns>
    /// <exception cref="FetchException">There is no usable response.</exception>
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

    /// <summary>The host of an address in ASCII, as DNS looks it up.</summary>
    /// <param name="address">An absolute address.</param>
    /// <returns>Null when the address has no host, or one without an ASCII form.</returns>
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
                throw new FetchException(FetchProblem.BadRedirect, $"The server redirects more than {_options.MaxRedirects} times, or without a target.");
            }

            if (address.Scheme == Uri.UriSchemeHttps && next.Scheme != Uri.UriSchemeHttps)
            {
                throw new FetchException(FetchProblem.BadRedirect, "The server redirects from https to http.");
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
            throw new FetchException(FetchProblem.BadAddress, "The address is not a valid web address.");
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
            throw new FetchException(FetchProblem.TooLarge, "The server's response headers are too large.", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidDataException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The connect timeout expired, not the timeout of the whole fetch.
            throw new FetchException(FetchProblem.Unreachable, "The server cannot be reached, or its response was cut off.", exception);
        }
    }

    // Counts decompressed bytes, so a decompression bomb stops here too.
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
    /// <summary>Registers it and its options, which are checked at start. A second call does nothing.</summary>
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
