using System.Globalization;
using Microsoft.OpenApi;

namespace FindMe.Vision;

/// <summary>A whole number in the query of a request. Rejects other values with a slug and advice, which the framework's own error lacks.</summary>
/// <param name="Name">The parameter's name.</param>
/// <param name="Least">The smallest allowed value.</param>
/// <param name="Type">The slug of the problem.</param>
/// <param name="WayOut">What to send instead.</param>
/// <param name="Description">The parameter's description.</param>
internal sealed record QueryNumber(string Name, int Least, string Type, string WayOut, string Description)
{
    /// <summary>Reads the number; null if it is not in the query.</summary>
    /// <exception cref="RequestException">The value is not a whole number, or less than <see cref="Least"/>.</exception>
    public int? Read(HttpRequest request)
    {
        var text = request.Query[Name].ToString();
        if (text.Length == 0)
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= Least
            ? number
            : throw new RequestException(400, Type, $"{Name} must be a whole number from {Least} to {int.MaxValue}.", WayOut);
    }

    /// <summary>Describes the parameter for the OpenAPI document.</summary>
    public OpenApiParameter Describe() => new()
    {
        Name = Name,
        In = ParameterLocation.Query,
        Description = Description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Minimum = Least.ToString(CultureInfo.InvariantCulture) },
    };
}
