using System.Text;
using System.Text.RegularExpressions;

namespace LocalDapr.Tests;

/// <summary>Adds a suffix to the topics in requests to a shared broker, and removes it from responses.</summary>
internal sealed partial class TopicSuffix(string suffix, HttpMessageHandler transport) : DelegatingHandler(transport)
{
    /// <summary>Adds the suffix to the JSON of an app's subscriptions.</summary>
    public static string AddTo(string subscriptions, string suffix) => suffix.Length == 0 ? subscriptions : Topic().Replace(subscriptions, $"$1{suffix}$2");

    public static byte[] RemoveFrom(byte[] body, string suffix) =>
        suffix.Length == 0 || body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(suffix)) < 0
            ? body
            : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(body).Replace(suffix, "", StringComparison.Ordinal));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (suffix.Length == 0)
        {
            return await base.SendAsync(request, cancellationToken);
        }

        var uri = request.RequestUri!;
        if (Publish().IsMatch(uri.AbsolutePath))
        {
            request.RequestUri = new Uri($"{uri.GetLeftPart(UriPartial.Path)}{suffix}{uri.Query}");
        }

        var response = await base.SendAsync(request, cancellationToken);
        var content = new ByteArrayContent(RemoveFrom(await response.Content.ReadAsByteArrayAsync(cancellationToken), suffix));
        content.Headers.ContentType = response.Content.Headers.ContentType;
        response.Content = content;
        return response;
    }

    [GeneratedRegex("""("(?:topic|deadLetterTopic)"\s*:\s*"[^"]+)(")""", RegexOptions.IgnoreCase)]
    private static partial Regex Topic();

    [GeneratedRegex("^/v1.0(-alpha1)?/publish/(bulk/)?[^/]+/.")]
    private static partial Regex Publish();
}
