using System.Text.Json;
using FindMe.Networks;
using FindMe.Hosting;

namespace FindMe.Api;

/// <summary>Signing in cannot go on; the message is for a person.</summary>
internal sealed class SignInException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>Reads the networks' answers.</summary>
internal static class SignInAnswers
{
    /// <summary>The answer as JSON.</summary>
    /// <exception cref="SignInException">It is an error, or none.</exception>
    public static JsonElement Json(this FetchedAnswer answer, string who)
    {
        if (!answer.IsSuccess)
        {
            throw new SignInException($"{who} answered {(int)answer.Status}.");
        }

        try
        {
            var json = JsonDocument.Parse(answer.Body).RootElement;
            return json.ValueKind == JsonValueKind.Object ? json : throw new SignInException($"{who} answered something else than expected.");
        }
        catch (JsonException exception)
        {
            throw new SignInException($"{who} answered something else than expected.", exception);
        }
    }

    /// <summary>A text that must be there, and not be endless.</summary>
    /// <exception cref="SignInException">It is not.</exception>
    public static string Text(this JsonElement json, string name, string who) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.TryGetText() is { Length: > 0 and <= 8192 } text
            ? text
            : throw new SignInException($"{who} answered without {name}.");

    /// <summary>An address of a picture; null: none that can be fetched.</summary>
    public static Uri? Picture(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value)
        && Uri.TryCreate(value.TryGetText(), UriKind.Absolute, out var address)
        && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp)
            ? address
            : null;
}
