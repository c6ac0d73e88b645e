export declare const KINDS: readonly { readonly name: string }[];
