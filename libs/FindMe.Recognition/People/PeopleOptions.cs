using System.ComponentModel.DataAnnotations;
using System.Reflection;

namespace FindMe.Recognition;

/// <summary>Options for training a people model.</summary>
public sealed class PeopleOptions
{
    /// <summary>Seed of all random choices: the same folder and seed give the same model. Default 1.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>Number of changed copies of each face added to the training set, 0 to 50. Default 8; each takes a few milliseconds.</summary>
    [Range(0, 50)]
    public int Augmentations { get; set; } = 8;

    /// <summary>Share of each person's photos held out to measure the accuracy, in percent, 0 to 50. Default 20; 0 turns the measurement off.</summary>
    [Range(0, 50)]
    public int HoldoutPercent { get; set; } = 20;

    /// <summary>Share of the training strangers that may get a name, in percent, 0.01 to 50. Default 1; lower values also reject more known people.</summary>
    [Range(0.01, 50)]
    public double StrangersPercent { get; set; } = 1;

    /// <summary>Creates the random numbers for one item, independent of other items and of the order of threads.</summary>
    /// <param name="index">Index of the item.</param>
    internal Random RandomOf(int index) => new(unchecked((Seed * 1_000_003) + index));

    /// <summary>Checks the ranges of all options.</summary>
    /// <exception cref="PeopleException">An option is out of range.</exception>
    public void Validate()
    {
        // Not Validator.ValidateObject: it finds the properties by reflection that a native build cannot follow.
        foreach (var property in typeof(PeopleOptions).GetProperties())
        {
            foreach (var rule in property.GetCustomAttributes<ValidationAttribute>())
            {
                if (!rule.IsValid(property.GetValue(this)))
                {
                    throw new PeopleException(rule.FormatErrorMessage(property.Name));
                }
            }
        }
    }
}
