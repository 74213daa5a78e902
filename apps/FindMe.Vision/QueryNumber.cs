using System.Globalization;
using Microsoft.OpenApi;

namespace FindMe.Vision;

/// <summary>A whole number in the query of a request. What is none is refused with a way out; the framework's own refusal has neither slug nor way out.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Least">The least that is taken.</param>
/// <param name="Type">The slug of the refusal.</param>
/// <param name="WayOut">What to send instead.</param>
/// <param name="Description">What it says.</param>
internal sealed record QueryNumber(string Name, int Least, string Type, string WayOut, string Description)
{
    /// <summary>Reads it; null where it is not sent.</summary>
    /// <exception cref="RequestException">It is no whole number, or less than <see cref="Least"/>.</exception>
    public int? Read(HttpRequest request)
    {
        var text = request.Query[Name].ToString();
        if (text.Length == 0)
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= Least
            ? number
            : throw new RequestException(400, Type, $"{Name} is no whole number from {Least} to {int.MaxValue}.", WayOut);
    }

    /// <summary>Itself in the OpenAPI document.</summary>
    public OpenApiParameter Describe() => new()
    {
        Name = Name,
        In = ParameterLocation.Query,
        Description = Description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Minimum = Least.ToString(CultureInfo.InvariantCulture) },
    };
}
