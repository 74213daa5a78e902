using System.ComponentModel.DataAnnotations;

namespace FindMe.Recognition;

/// <summary>How people are learnt.</summary>
public sealed class PeopleOptions
{
    /// <summary>Where all chance comes from: the same folder and seed give the same model. Default 1.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>Changed copies of each face that are learnt from as well, 0 to 50. Default 8; each takes a few milliseconds.</summary>
    [Range(0, 50)]
    public int Augmentations { get; set; } = 8;

    /// <summary>Share of each person's photos that is kept aside to measure with, in percent, 0 to 50. Default 20; 0 measures nothing.</summary>
    [Range(0, 50)]
    public int HoldoutPercent { get; set; } = 20;

    /// <summary>Share of strangers that may be named, of those that are learnt from, in percent, 0.01 to 50. Default 1; less rejects more people as well.</summary>
    [Range(0.01, 50)]
    public double StrangersPercent { get; set; } = 1;

    /// <summary>The chance of one of several things that must not depend on each other, whichever thread asks first.</summary>
    /// <param name="index">Which one.</param>
    internal Random RandomOf(int index) => new(unchecked((Seed * 1_000_003) + index));

    /// <summary>Names what is out of its range.</summary>
    /// <exception cref="PeopleException">Something is.</exception>
    public void Validate()
    {
        try
        {
            Validator.ValidateObject(this, new ValidationContext(this), validateAllProperties: true);
        }
        catch (ValidationException exception)
        {
            throw new PeopleException(exception.Message, exception);
        }
    }
}
