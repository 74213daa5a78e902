using System.Text.Json;
using FindMe.Networks;
using FindMe.Hosting;

namespace FindMe.Api;

/// <summary>A sign-in failed; the message is for the person.</summary>
internal sealed class SignInException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>Reads the responses of networks.</summary>
internal static class SignInAnswers
{
    /// <summary>Parses a response as JSON.</summary>
    /// <exception cref="SignInException">The response is an error, or not a JSON object.</exception>
    public static JsonElement Json(this FetchedAnswer answer, string who)
    {
        if (!answer.IsSuccess)
        {
            throw new SignInException($"{who} answered with status {(int)answer.Status}.");
        }

        try
        {
            var json = JsonDocument.Parse(answer.Body).RootElement;
            return json.ValueKind == JsonValueKind.Object ? json : throw new SignInException($"{who} sent an unexpected response.");
        }
        catch (JsonException exception)
        {
            throw new SignInException($"{who} sent an unexpected response.", exception);
        }
    }

    /// <summary>Returns a required text of limited length.</summary>
    /// <exception cref="SignInException">The text is missing or too long.</exception>
    public static string Text(this JsonElement json, string name, string who) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.TryGetText() is { Length: > 0 and <= 8192 } text
            ? text
            : throw new SignInException($"The response of {who} lacks {name}.");

    /// <summary>The address of a picture; null if there is none that can be fetched.</summary>
    public static Uri? Picture(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value)
        && Uri.TryCreate(value.TryGetText(), UriKind.Absolute, out var address)
        && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp)
            ? address
            : null;
}
